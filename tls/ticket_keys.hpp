#pragma once
// Session tickets (RFC 5077, RFC 8446 §4.6.1): the server keeps no state, what it must know is sealed in the ticket.
// Included by sources of tls/ only.

#include "tls/openssl_ptr.hpp"

#include <array>
#include <span>
#include <string>
#include <vector>

namespace lintel::tls {

/// 80 random bytes: 16 that name the key in tickets, 32 for HMAC-SHA-256, 32 for AES-256-CBC.
using ticket_key = std::string;

/// The keys of one worker. The newest seals; the others open what they have sealed, and the client gets a new ticket.
class ticket_keys {
public:
    /// With a random key of its own, until it is given others.
    ticket_keys();

    /// Newest first; those of another size are left out. None left: as it was.
    void use(std::span<const ticket_key> newest_first);

    // As SSL_CTX_set_tlsext_ticket_key_evp_cb(3) has it:
    int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const;
    int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const;

private:
    std::vector<ticket_key> keys_;
    std::unique_ptr<EVP_CIPHER, freed_by<EVP_CIPHER_free>> cipher_;
};

}  // namespace lintel::tls
