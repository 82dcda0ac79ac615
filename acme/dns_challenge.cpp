#include "acme/dns_challenge.hpp"

#include "acme/dns_zone.hpp"
#include "base/crypto.hpp"
#include "net/dns_message.hpp"
#include "net/dns_query.hpp"
#include "net/event.hpp"
#include "net/resolver.hpp"

#include <algorithm>

namespace lintel::acme {

using namespace std::chrono_literals;
using net::dns_reply;
using net::dns_type;

namespace {

constexpr int most_aliases = 10;
constexpr duration patience = 10s, patience_with_one = 3s;
constexpr duration first_pause = 250ms, longest_pause = 5s;

std::unexpected<problem> about(std::string where, std::string what)
{
    return std::unexpected(problem{std::move(where), std::move(what)});
}

/// One name server of the zone. It has the value when none of its addresses answers without it and one answers with
/// it: an IPv6 address that can't be reached from here is no reason to wait.
struct authority {
    std::string name;
    bool has_it = false;
    std::string complaint;
};

task<void> look_at(net::worker& home, net::resolver& names, authority& server, std::string record, std::string value,
                   std::uint16_t port)
{
    auto addresses = co_await names.resolve(server.name, port);
    if (!addresses) {
        server.complaint = server.name + " has no address: " + addresses.error().message();
        co_return;
    }
    bool seen = false;
    for (const auto& address : *addresses) {
        std::vector<net::address> one{address};
        auto reply = co_await net::query(home, std::move(one), record, dns_type::txt, false, patience_with_one);
        if (reply.what == dns_reply::kind::failed) {
            server.complaint = server.name + " does not answer: " + reply.why;
            continue;
        }
        if (std::ranges::find(reply.values, value) == reply.values.end()) {
            server.complaint = server.name + " (" + address.to_string() + ") answers without it";
            co_return;
        }
        seen = true;
    }
    server.has_it = seen;
}

task<checked<std::vector<authority>>> authorities_of(net::worker& home, std::vector<net::address> resolvers,
                                                     std::string zone, duration limit)
{
    auto reply = co_await net::query(home, std::move(resolvers), zone, dns_type::ns, true, limit);
    if (reply.what == dns_reply::kind::failed) co_return about(zone, "its name servers can't be found: " + reply.why);
    if (reply.values.empty()) co_return about(zone, "the zone has no name servers");
    std::vector<authority> servers;
    for (auto& name : reply.values) servers.push_back({std::move(name), false, {}});
    co_return servers;
}

std::string who_lacks(const std::vector<authority>& servers, duration limit)
{
    auto text = "the TXT record is not everywhere after " +
                std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count()) + " s:";
    const char* between = " ";
    for (const auto& each : servers) {
        if (each.has_it) continue;
        text += between + each.complaint;
        between = "; ";
    }
    return text;
}

}  // namespace

task<checked<std::string>> challenge_record(net::worker& home, std::vector<net::address> resolvers, std::string name)
{
    if (name.starts_with("*.")) name.erase(0, 2);
    auto record = "_acme-challenge." + net::canonical_dns_name(name);
    for (int i = 0; i <= most_aliases; ++i) {
        auto reply = co_await net::query(home, resolvers, record, dns_type::cname, true, patience);
        if (reply.what == dns_reply::kind::failed) co_return about(record, "it can't be looked up: " + reply.why);
        if (reply.what != dns_reply::kind::found) co_return record;
        record = reply.values.front();
    }
    co_return about("_acme-challenge." + name, "its CNAME records lead on and on, or in a circle");
}

std::string challenge_text(std::string_view key_authorization)
{
    auto text = crypto::base64(crypto::from_hex(crypto::sha256_hex(key_authorization)));
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    text.resize(text.find('='));  // 32 bytes have one
    return text;
}

task<checked<std::string>> zone_of(net::worker& home, std::vector<net::address> resolvers, std::string name,
                                   duration limit)
{
    auto end = steady_clock::now() + limit;
    auto at = net::canonical_dns_name(name);
    while (!at.empty()) {
        auto reply = co_await net::query(home, resolvers, at, dns_type::soa, true, end - steady_clock::now());
        if (reply.what == dns_reply::kind::failed) co_return about(name, "its zone can't be found: " + reply.why);
        if (reply.what == dns_reply::kind::found) co_return reply.values.front();
        if (!reply.zone.empty()) co_return reply.zone;
        at.erase(0, std::min(at.find('.'), at.size() - 1) + 1);
    }
    co_return about(name, "no zone holds it: no name server has an SOA record for it or above it");
}

task<checked<void>> wait_until_propagated(net::worker& home, std::vector<net::address> resolvers, std::string record,
                                          std::string value, duration limit, std::uint16_t port)
{
    auto end = steady_clock::now() + limit;
    record = net::canonical_dns_name(record);
    auto zone = co_await zone_of(home, resolvers, record, std::min(limit, patience));
    if (!zone) co_return std::unexpected(zone.error());
    auto servers = co_await authorities_of(home, resolvers, *zone, std::min(limit, patience));
    if (!servers) co_return std::unexpected(servers.error());

    net::resolver names(home, resolvers);
    net::event clock(home);
    for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
        bool everywhere = true;
        for (auto& each : *servers) {
            if (!each.has_it) co_await look_at(home, names, each, record, value, port);
            everywhere = everywhere && each.has_it;
        }
        if (everywhere) co_return checked<void>();
        auto again = steady_clock::now() + pause;
        if (again >= end) co_return about(record, who_lacks(*servers, limit));
        co_await clock.wait_until(again);
    }
}

}  // namespace lintel::acme
