#pragma once
// What OpenSSL asks during a handshake of ours as server, and what it is told. Included by sources of tls/ only.

#include "tls/option_set.hpp"
#include "tls/store.hpp"
#include "tls/ticket_keys.hpp"

#include <string>

namespace lintel::tls {

class certificate_finder;

/// What is known of one handshake. Its session's app data points here while the handshake is under way.
struct handshake {
    store_cell::reader& published;
    const ticket_keys& tickets;
    certificate_finder* finder;  ///< null: none

    std::shared_ptr<const store> chosen_from{};  ///< keeps what the following point to
    const option_set* options = nullptr;         ///< null: no ClientHello was read yet
    const certificate_store::candidates* candidates = nullptr;
    std::string server_name{};  ///< SNI in its normal form; empty: none
    bool was_pending = false;   ///< the finder has been asked; it is asked once
    std::string why{};          ///< we refused the client, for this reason
};

/// For every context of a server.
void install_callbacks(SSL_CTX* context);

}  // namespace lintel::tls
