#pragma once
// The names in TLS options → what OpenSSL is told. Included by sources of tls/ only.

#include "base/result.hpp"
#include "tls/openssl_ptr.hpp"

#include <string>
#include <vector>

namespace lintel::tls {

/// Suites of TLS 1.2 by their IANA names. None named: Mozilla's intermediate profile. Those of TLS 1.3 may be among
/// them and change nothing. A problem where OpenSSL doesn't know one, or none is of TLS 1.2.
checked<std::string> cipher_list(const std::vector<std::string>& suites);

/// Tells `context` the groups for key agreement and returns them as OpenSSL's list. None named: X25519MLKEM768 where
/// the library has it, X25519, P-256, P-384. A problem where OpenSSL doesn't know one; X25519MLKEM768 is left out then.
checked<std::string> set_groups(SSL_CTX* context, const std::vector<std::string>& groups);

}  // namespace lintel::tls
