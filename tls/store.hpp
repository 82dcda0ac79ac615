#pragma once
// All that a handshake looks up by name.

#include "net/snapshot_cell.hpp"
#include "tls/certificate_store.hpp"
#include "tls/challenge_certificates.hpp"
#include "tls/policies.hpp"

namespace lintel::tls {

/// Published whole, so that a host's certificate and what is demanded of its clients change together.
struct store {
    certificate_store certificates;
    policies options;
    challenge_certificates challenges{};
};

using store_cell = net::snapshot_cell<store>;

}  // namespace lintel::tls
