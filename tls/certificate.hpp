#pragma once
// What a PEM chain and its key say.

#include "base/clock.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lintel::tls {

struct certificate_facts {
    std::string fingerprint;         ///< SHA-256 of the leaf's DER, hexadecimal
    std::vector<std::string> names;  ///< DNS names and addresses of the subjectAltName, lower case
    wall_clock::time_point not_before, not_after;
};

/// Reads the leaf (the first certificate) and checks that the key is its own. The problem says which part is broken.
checked<certificate_facts> inspect_certificate(std::string_view chain_pem, std::string_view key_pem);

/// The same without a look at a key: some 30 microseconds instead of a millisecond.
checked<certificate_facts> inspect_certificate(std::string_view chain_pem);

/// Whether the leaf names the certificate authority and its key as its issuer (RFC 5280 §4.2.1.1). No signature is
/// verified: for files of one's own.
bool issued_by(std::string_view chain_pem, std::string_view authority_pem);

/// Whether a name of a certificate ("a.example", "*.example") covers `host` (RFC 6125 §6.4.3: `*` is one whole label).
bool covers(std::string_view certificate_name, std::string_view host);

}  // namespace lintel::tls
