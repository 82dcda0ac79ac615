#include "discovery/settle.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace lintel::discovery {

namespace {

bool is_served(const agreed_router& router, const model::snapshot& before)
{
    auto known = before.routers.find(router.name.id());
    return known != before.routers.end() && known->second.rule == router.spec.rule;
}

bool is_served(const agreed_tcp_router& router, const model::snapshot& before)
{
    auto known = before.tcp_routers.find(router.name.id());
    return known != before.tcp_routers.end() && known->second.names == router.spec.names;
}

/// (entrypoint, claim) → who holds it
using holders = std::unordered_map<text_pair, const contender*, text_pair_hash>;

class claims {
public:
    explicit claims(const entrypoint_names& entrypoints) : entrypoints_(entrypoints) {}

    /// Why `who` can't be on the entrypoint; none where it can.
    const contender* obstacle(const contender& who, std::string_view entrypoint, std::string& taken) const;

    void hold(const contender& who);

private:
    static const contender* elsewhere(const holders& among, const contender& who, const text_pair& key);

    /// The only name in clear text, where a connection has none.
    static constexpr std::string_view no_name = "";

    const entrypoint_names& entrypoints_;
    holders rules_;       ///< by alternatives of HTTP rules
    holders names_;       ///< by hosts, of whichever kind of router
    holders tcp_names_;   ///< by hosts of TCP routers
    holders clear_http_;  ///< the first HTTP router of an entrypoint in clear text; the claim is empty
    holders clear_tcp_;   ///< the first TCP router of one
};

const contender* claims::elsewhere(const holders& among, const contender& who, const text_pair& key)
{
    auto found = among.find(key);
    bool other = found != among.end() && !found->second->name().same_app(who.name());
    return other ? found->second : nullptr;
}

const contender* claims::obstacle(const contender& who, std::string_view entrypoint, std::string& taken) const
{
    const auto& other_kind = who.http ? clear_tcp_ : clear_http_;
    if (auto found = other_kind.find({entrypoint, no_name}); found != other_kind.end()) {
        taken = who.http ? "all of it (TCP)" : "all of it (HTTP)";
        return found->second;
    }
    if (who.http) {
        for (const auto& claim : who.http->rule->claims) {
            taken = who.http->rule->rule;
            if (const auto* holder = elsewhere(rules_, who, {entrypoint, claim})) return holder;
        }
    }
    if (who.is_clear_tcp()) {
        taken = "what comes in clear text";
        return elsewhere(tcp_names_, who, {entrypoint, no_name});
    }
    const auto& among = who.http ? tcp_names_ : names_;
    for (const auto& name : who.names()) {
        taken = name;
        if (const auto* holder = elsewhere(among, who, {entrypoint, name})) return holder;
    }
    return nullptr;
}

void claims::hold(const contender& who)
{
    for (const auto& entrypoint : who.entrypoints()) {
        if (!entrypoints_.is_tls(entrypoint))
            (who.http ? clear_http_ : clear_tcp_).try_emplace(text_pair(entrypoint, no_name), &who);
        if (who.http) {
            for (const auto& claim : who.http->rule->claims) rules_.try_emplace(text_pair(entrypoint, claim), &who);
        }
        if (who.is_clear_tcp()) {
            tcp_names_.try_emplace(text_pair(entrypoint, no_name), &who);
            continue;
        }
        for (const auto& name : who.names()) {
            names_.try_emplace(text_pair(entrypoint, name), &who);
            if (who.tcp) tcp_names_.try_emplace(text_pair(entrypoint, name), &who);
        }
    }
}

/// TCP routers are asked first, in their own app too.
void report_shadowed(const std::vector<contender>& all, std::vector<problem>& problems)
{
    holders tcp;
    for (const auto& each : all) {
        if (!each.tcp || each.is_clear_tcp()) continue;
        for (const auto& entrypoint : each.entrypoints()) {
            for (const auto& name : each.names()) tcp.try_emplace(text_pair(entrypoint, name), &each);
        }
    }
    if (tcp.empty()) return;
    for (const auto& each : all) {
        if (!each.http) continue;
        for (const auto& entrypoint : each.entrypoints()) {
            for (const auto& name : each.names()) {
                auto found = tcp.find({entrypoint, name});
                if (found == tcp.end()) continue;
                problems.push_back({each.where(), "connections for " + name + " on " + entrypoint + " go to " +
                                                      found->second->shown()});
            }
        }
    }
}

}  // namespace

std::string contender::shown() const
{
    const auto& source = http ? http->spec.source : tcp->spec.source;
    return std::string(http ? "router " : "TCP router ") + std::string(name().name) + " of " + source;
}

std::vector<contender> by_age(std::vector<agreed_router>& routers, std::vector<agreed_tcp_router>& tcp_routers,
                              const model::snapshot& before)
{
    std::vector<contender> all;
    all.reserve(routers.size() + tcp_routers.size());
    for (auto& each : routers) all.push_back({!is_served(each, before), each.since, &each, nullptr});
    for (auto& each : tcp_routers) all.push_back({!is_served(each, before), each.since, nullptr, &each});
    std::ranges::sort(all, {}, [](const contender& each) {
        return std::tuple(each.is_new, each.since, each.tcp != nullptr, each.name());
    });
    return all;
}

void settle_across_apps(const std::vector<contender>& all, const entrypoint_names& entrypoints,
                        std::vector<problem>& problems)
{
    claims held(entrypoints);
    for (const auto& each : all) {
        std::vector<std::string> kept;
        for (const auto& entrypoint : each.entrypoints()) {
            std::string taken;
            if (const auto* holder = held.obstacle(each, entrypoint, taken)) {
                problems.push_back({each.where(), taken + " on " + entrypoint + " is taken by " + holder->shown() +
                                                      ", which had it first and keeps it"});
            } else {
                kept.push_back(entrypoint);
            }
        }
        each.entrypoints() = std::move(kept);
        held.hold(each);
    }
    report_shadowed(all, problems);
}

}  // namespace lintel::discovery
