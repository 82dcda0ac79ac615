#pragma once
// One order from its intent to its certificate (RFC 8555 §7.4), so that a crash between any two steps loses nothing.

#include "acme/prover.hpp"
#include "acme/vault.hpp"

#include <string>

namespace lintel::acme {

/// What an order has to do with. All outlive the run.
struct order_tools {
    net::worker& home;
    client& at;
    identity who;
    const issuer& whose;
    vault& records;
    prover& answers;
};

struct order_plan {
    bool resumed = false;                                           ///< an earlier run began it
    std::map<std::string, std::vector<challenge_type>> challenges;  ///< name → in the order to try; else the usual ones
};

/// Goes on with `order`, which is in the records already, from wherever it is:
///
///   intent + key ─► newOrder ─► its URL ─► challenges ─► CSR ─► finalize ─► certificate
///   (each is on disk before the CA is told the next one)
///
/// Returns the chain's PEM. The record stays; whoever keeps the certificate erases it in the same step.
task<answer<std::string>> run_order(order_tools with, std::string order_id, order_plan how);

/// Whether a failure leaves an order that is worth going on with.
bool is_resumable(const failure& why);

}  // namespace lintel::acme
