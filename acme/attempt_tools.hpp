#pragma once
// What attempts have to do with.

#include "acme/accounts.hpp"
#include "acme/prover.hpp"
#include "acme/vault.hpp"

#include <functional>
#include <string>
#include <vector>

namespace lintel::acme {

/// All outlive the attempts.
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

/// Hears what an attempt is doing, for the owner.
using progress = std::function<void(std::string)>;

}  // namespace lintel::acme
