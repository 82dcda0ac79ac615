#pragma once
// PEM texts ⇄ OpenSSL objects. Included by sources of tls/ and acme/ only.

#include "base/result.hpp"
#include "tls/openssl_ptr.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lintel::tls {

struct key_pair {
    x509_ptr leaf;
    chain_ptr intermediates;
    key_ptr key;
};

/// Errors as `inspect_certificate`.
checked<key_pair> parse_pair(std::string_view chain_pem, std::string_view key_pem);

/// The first private key of a text, in any PEM form that isn't encrypted; null when there is none.
key_ptr parse_key(std::string_view pem);

/// The first certificate of a text; null when there is none.
x509_ptr parse_certificate(std::string_view pem);

/// All certificates of a text, of which nothing may be broken; a problem when there is none.
checked<std::vector<x509_ptr>> parse_certificates(std::string_view pem);

std::string to_pem(X509* certificate);
std::string to_pem(EVP_PKEY* key);  ///< PKCS #8, not encrypted

/// What OpenSSL's error queue says last, in words; empties the queue.
std::string last_openssl_error();

}  // namespace lintel::tls
