#include "acme/limits.hpp"

#include "base/text.hpp"
#include "net/address.hpp"

#include <libpsl.h>

#include <algorithm>
#include <set>

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr duration week = 7 * 24h;
constexpr double renewals_at_once = 4;

/// A limit of one leaves no margin: 0 would be none.
double below(int limit) { return limit == 1 ? 1 : limit - std::max(1.0, limit / 10.0); }

double tokens_now(const store::bucket_record* known, const allowance& of, wall_clock::time_point now)
{
    if (known == nullptr) return of.capacity;
    auto passed = std::chrono::duration<double>(std::max(now - known->updated, wall_clock::duration::zero()));
    auto back = passed / std::chrono::duration<double>(of.window) * of.capacity;
    return std::min(of.capacity, known->tokens + back);
}

const store::bucket_record* find(const vault& records, const std::string& key)
{
    const auto& all = records.contents().buckets;
    auto known = all.find(key);
    return known == all.end() ? nullptr : &known->second;
}

std::string sorted_text(std::vector<std::string> names)
{
    std::ranges::sort(names);
    return text::join(names, ",");
}

/// "1.2.3.4", or what is likely one holder's of an IPv6 address.
std::string network_of(const net::address& ip)
{
    return ip.family() == AF_INET ? ip.ip() : std::to_string(ip.network().second) + "/64";
}

}  // namespace

std::string registered_domain(const std::string& name)
{
    if (auto ip = net::address::of_ip(name, 0)) return network_of(*ip);
    auto host = name.starts_with("*.") ? name.substr(2) : name;
    const auto* list = psl_builtin();
    const char* found = list != nullptr ? psl_registrable_domain(list, host.c_str()) : nullptr;
    return found != nullptr ? found : host;
}

std::vector<allowance> order_allowances(const issuer& whose, const std::vector<std::string>& names)
{
    std::vector<allowance> all;
    auto add = [&](const std::string& what, int limit, duration window) {
        if (limit > 0) all.push_back({whose.directory + ' ' + what, below(limit), window});
    };
    if (whose.limits.orders_per_3h > 0) all.push_back(place_allowance(whose));
    std::set<std::string> domains;
    for (const auto& name : names) domains.insert(registered_domain(name));
    for (const auto& domain : domains) {
        add("certificates of " + domain, whose.limits.certificates_per_domain_per_week, week);
    }
    add("certificates for " + sorted_text(names), whose.limits.duplicates_per_week, week);
    return all;
}

allowance place_allowance(const issuer& whose)
{
    return {whose.directory + " orders", below(whose.limits.orders_per_3h), 3h};
}

allowance renewal_allowance(const issuer& whose, const store::certificate_record& predecessor)
{
    auto life = std::max(predecessor.not_after - predecessor.not_before, wall_clock::duration(2s));
    return {whose.directory + " renewals of " + sorted_text(predecessor.names), renewals_at_once, life / 2};
}

allowance failure_allowance(const issuer& whose, const std::string& name)
{
    return {whose.directory + " failures of " + name, below(whose.limits.failures_per_name_per_hour), 1h};
}

wall_clock::time_point earliest(const vault& records, const std::vector<allowance>& wanted, wall_clock::time_point now)
{
    auto when = now;
    for (const auto& each : wanted) {
        if (each.capacity <= 0) continue;
        auto missing = 1 - tokens_now(find(records, each.key), each, now);
        if (missing <= 0) continue;
        auto wait = std::chrono::duration<double>(each.window) * (missing / each.capacity);
        when = std::max(when, now + std::chrono::ceil<wall_clock::duration>(wait));
    }
    return when;
}

void take(const vault& records, const std::vector<allowance>& wanted, wall_clock::time_point now, store::changes& into)
{
    for (const auto& each : wanted) {
        if (each.capacity <= 0) continue;
        auto left = tokens_now(find(records, each.key), each, now) - 1;
        into.buckets.put.push_back({each.key, left, now});
    }
}

}  // namespace lintel::acme
