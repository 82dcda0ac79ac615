#pragma once
// How much we may still ask of a CA: token buckets below its limits, kept over restarts so that a crash loop can't
// burn them.

#include "acme/issuer.hpp"
#include "acme/vault.hpp"

#include <string>
#include <vector>

namespace lintel::acme {

/// One bucket's size: `capacity` tokens come back evenly over `window`.
struct allowance {
    std::string key;
    double capacity = 0;
    duration window{};
};

/// What an order of these names takes one token each from. A tenth of each limit (at least one) stays unused: others
/// may share the registered domain, and our clock is not the CA's.
std::vector<allowance> order_allowances(const issuer& whose, const std::vector<std::string>& names);

/// What each newOrder takes from, also one that is sent again after a crash. `capacity` 0 or less: no limit.
allowance place_allowance(const issuer& whose);

/// What each renewal takes from, also one that its CA exempts from its limits: four at once, then one for each eighth
/// of a life. A clock that is a year ahead, or a CA that always says "now", would have one order after the other
/// otherwise.
allowance renewal_allowance(const issuer& whose, const store::certificate_record& predecessor);

/// What a failed validation of `name` takes from, and what must have something left before the next one.
allowance failure_allowance(const issuer& whose, const std::string& name);

/// When all of `wanted` have a token: now or later.
wall_clock::time_point earliest(const vault& records, const std::vector<allowance>& wanted, wall_clock::time_point now);

/// Takes a token of each, as a part of a step that is then committed. May go below zero: what happened, happened.
void take(const vault& records, const std::vector<allowance>& wanted, wall_clock::time_point now, store::changes& into);

/// The name that a CA counts by: the registered domain by the Public Suffix List; addresses are themselves, IPv6 by
/// /64.
std::string registered_domain(const std::string& name);

}  // namespace lintel::acme
