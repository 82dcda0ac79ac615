#include "model/snapshot.hpp"

#include "model/unresolved.hpp"

namespace lintel::model {

namespace {

/// Goes through both once, side by side: they are in the order of ids.
template <class Object>
void compare(const objects<Object>& before, const objects<Object>& after, objects<Object>& upsert,
             std::vector<std::string>& remove)
{
    auto old = before.begin();
    for (const auto& [id, spec] : after) {
        while (old != before.end() && old->first < id) remove.push_back((old++)->first);
        bool known = old != before.end() && old->first == id;
        if (!known || old->second != spec) upsert.emplace_hint(upsert.end(), id, spec);
        if (known) ++old;
    }
    for (; old != before.end(); ++old) remove.push_back(old->first);
}

template <class Object>
void merge(objects<Object>& target, const objects<Object>& upsert, const std::vector<std::string>& remove)
{
    for (const auto& id : remove) target.erase(id);
    for (const auto& [id, spec] : upsert) target.insert_or_assign(id, spec);
}

template <class Object>
void fold(objects<Object>& upsert, std::vector<std::string>& remove, objects<Object>&& later_upsert,
          std::vector<std::string>&& later_remove)
{
    for (const auto& id : later_remove) upsert.erase(id);
    if (!remove.empty()) {
        std::erase_if(remove, [&](const auto& id) { return later_upsert.contains(id); });
    }
    remove.insert(remove.end(), std::move_iterator(later_remove.begin()), std::move_iterator(later_remove.end()));
    for (auto& [id, spec] : later_upsert) upsert.insert_or_assign(id, std::move(spec));
}

std::size_t size_of(const std::vector<std::string>& texts)
{
    std::size_t sum = 0;
    for (const auto& each : texts) sum += each.size();
    return sum;
}

std::size_t size_of(const router& r)
{
    std::size_t options = 0;
    for (const auto& [key, text] : r.options) options += key.size() + text.size();
    return r.rule.size() + size_of(r.entrypoints) + r.service.size() + r.refusal.size() + options +
           r.tls_options.size() + r.canonical_host.size() + r.strict_transport_security.size() + r.pending.size() +
           r.ask.size() + r.source.size();
}
std::size_t size_of(const tcp_router& r)
{
    return size_of(r.names) + size_of(r.entrypoints) + r.tls_options.size() + r.service.size() + r.refusal.size() +
           r.source.size();
}
std::size_t size_of(const service& s) { return size_of(s.endpoints) + s.transport.size() + s.source.size(); }
std::size_t size_of(const endpoint& e) { return e.host.size() + e.source.size(); }
std::size_t size_of(const certificate& c)
{
    return size_of(c.names) + c.chain_pem.size() + c.key_pem.size() + c.chain_file.size() + c.key_file.size();
}
std::size_t size_of(const tls_options& o)
{
    return size_of(o.cipher_suites) + size_of(o.curves) + size_of(o.protocols) + o.client_ca_pem.size() +
           o.source.size();
}
std::size_t size_of(const transport& t)
{
    return t.server_name.size() + t.ca_pem.size() + t.chain_pem.size() + t.key_pem.size() + t.ca_file.size() +
           t.chain_file.size() + t.key_file.size() + t.source.size();
}

std::size_t size_of(const challenge& c)
{
    return c.name.size() + c.token.size() + c.key_authorization.size() + c.chain_pem.size() + c.key_pem.size();
}

std::string source_of(const certificate& c) { return c.chain_file; }
std::string source_of(const challenge& c) { return c.name; }
std::string source_of(const auto& object) { return object.source.substr(0, 200); }

template <class Object>
void remove_oversized(objects<Object>& all, const char* kind, std::vector<problem>& problems)
{
    for (auto it = all.begin(); it != all.end();) {
        bool fits = it->first.size() + size_of(it->second) <= object_limit_bytes;
        if (!fits) {
            problems.push_back({source_of(it->second), std::string("a ") + kind + " (" + it->first.substr(0, 80) +
                                                           ") is larger than 128 KiB and is left out"});
        }
        it = fits ? std::next(it) : all.erase(it);
    }
}

}  // namespace

std::vector<problem> remove_oversized(snapshot& whole)
{
    std::vector<problem> problems;
    remove_oversized(whole.routers, "router", problems);
    remove_oversized(whole.tcp_routers, "TCP router", problems);
    remove_oversized(whole.services, "service", problems);
    remove_oversized(whole.endpoints, "endpoint", problems);
    remove_oversized(whole.certificates, "certificate", problems);
    remove_oversized(whole.tls_option_sets, "set of TLS options", problems);
    remove_oversized(whole.transports, "transport", problems);
    remove_oversized(whole.challenges, "challenge", problems);
    if (!problems.empty()) close_unresolved(whole);
    return problems;
}

std::string id_of(const challenge& what)
{
    return what.kind == challenge_kind::http_01 ? "http-01 " + what.token : "tls-alpn-01 " + what.name;
}

delta difference(const snapshot& before, const snapshot& after)
{
    auto step = routing_difference(before, after);
    compare(before.certificates, after.certificates, step.upsert.certificates, step.remove.certificates);
    compare(before.challenges, after.challenges, step.upsert.challenges, step.remove.challenges);
    return step;
}

delta routing_difference(const snapshot& before, const snapshot& after)
{
    delta step;
    auto& upsert = step.upsert;
    auto& remove = step.remove;
    compare(before.routers, after.routers, upsert.routers, remove.routers);
    compare(before.tcp_routers, after.tcp_routers, upsert.tcp_routers, remove.tcp_routers);
    compare(before.services, after.services, upsert.services, remove.services);
    compare(before.endpoints, after.endpoints, upsert.endpoints, remove.endpoints);
    compare(before.tls_option_sets, after.tls_option_sets, upsert.tls_option_sets, remove.tls_option_sets);
    compare(before.transports, after.transports, upsert.transports, remove.transports);
    return step;
}

void apply(snapshot& target, const delta& step)
{
    if (step.reset) target = {};
    const auto& upsert = step.upsert;
    const auto& remove = step.remove;
    merge(target.routers, upsert.routers, remove.routers);
    merge(target.tcp_routers, upsert.tcp_routers, remove.tcp_routers);
    merge(target.services, upsert.services, remove.services);
    merge(target.endpoints, upsert.endpoints, remove.endpoints);
    merge(target.certificates, upsert.certificates, remove.certificates);
    merge(target.tls_option_sets, upsert.tls_option_sets, remove.tls_option_sets);
    merge(target.transports, upsert.transports, remove.transports);
    merge(target.challenges, upsert.challenges, remove.challenges);
}

void fold(delta& first, delta next)
{
    if (next.reset) {
        first = std::move(next);
        return;
    }
    auto &upsert = first.upsert, &later = next.upsert;
    auto &remove = first.remove, &gone = next.remove;
    fold(upsert.routers, remove.routers, std::move(later.routers), std::move(gone.routers));
    fold(upsert.tcp_routers, remove.tcp_routers, std::move(later.tcp_routers), std::move(gone.tcp_routers));
    fold(upsert.services, remove.services, std::move(later.services), std::move(gone.services));
    fold(upsert.endpoints, remove.endpoints, std::move(later.endpoints), std::move(gone.endpoints));
    fold(upsert.certificates, remove.certificates, std::move(later.certificates), std::move(gone.certificates));
    fold(upsert.tls_option_sets, remove.tls_option_sets, std::move(later.tls_option_sets),
         std::move(gone.tls_option_sets));
    fold(upsert.transports, remove.transports, std::move(later.transports), std::move(gone.transports));
    fold(upsert.challenges, remove.challenges, std::move(later.challenges), std::move(gone.challenges));
    first.version = next.version;
}

}  // namespace lintel::model
