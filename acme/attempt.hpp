#pragma once
// One try to get a certificate from one issuer: what has to be right before a CA is asked, the order, and what is noted
// when it fails.

#include "acme/accounts.hpp"
#include "acme/order_run.hpp"
#include "acme/wants.hpp"

#include <functional>
#include <string>

namespace lintel::acme {

/// What attempts have to do with. All outlive them.
struct attempt_tools {
    net::worker& home;
    http::fetcher& fetcher;
    challenge_board& board;
    vault& records;
    const certificate_settings& settings;
    accounts& at_cas;
    prover& answers;
    const std::vector<net::address>& resolvers;
};

struct attempt_result {
    store::certificate_record certificate;
    store::order_record order;
};

/// Gets a certificate for `names`. `predecessor`: the one that it replaces, or null. Says what it does by `tell`. A
/// failure is noted in the records as a set-back; a success stays an order until whoever keeps the certificate erases
/// it.
task<answer<attempt_result>> try_issuer(attempt_tools with, const issuer& whose, std::vector<std::string> names,
                                        const store::certificate_record* predecessor,
                                        std::function<void(std::string)> tell);

/// The key of a set-back: "ISSUER NAME,NAME", or "ISSUER" where it holds all of its orders.
std::string subject_of(const issuer& whose, const std::vector<std::string>& names);

/// A failure in one sentence: "rateLimited (429): too many …".
std::string sentence_of(const failure& what);

}  // namespace lintel::acme
