#pragma once
// Keys of certificates, requests for them, and what TLS-ALPN-01 shows.

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lintel::acme {

enum class key_kind { ecdsa_p256, ecdsa_p384, rsa_2048, rsa_4096 };

/// A new private key, PKCS #8 PEM.
std::string new_certificate_key(key_kind kind);

/// A PKCS #10 request, DER, for DNS names and addresses as subjectAltName. No common name (RFC 8738 §4 forbids one for
/// addresses, and nobody needs one).
checked<std::string> certificate_request(std::string_view key_pem, const std::vector<std::string>& names);

/// A self-signed certificate for a TLS-ALPN-01 challenge (RFC 8737 §3): `name` as its only subjectAltName and the
/// SHA-256 of the key authorization in a critical acmeIdentifier.
struct challenge_pair {
    std::string chain_pem, key_pem;
};
challenge_pair challenge_certificate(const std::string& name, std::string_view key_authorization);

/// The SNI that a CA sends when it validates `name` by TLS-ALPN-01: for addresses the reverse name (RFC 8738 §6).
std::string challenge_server_name(const std::string& name);

/// How a CA names a certificate in ARI (RFC 9773 §4.1): base64url(AKI).base64url(serial). Empty when there is no AKI.
std::string renewal_id(std::string_view chain_pem);

/// The certificate's DER, base64url, for revokeCert (RFC 8555 §7.6).
std::string leaf_for_revocation(std::string_view chain_pem);

/// Common name of the topmost issuer that the chain names: what `preferred_chain` is compared with.
std::string topmost_issuer(std::string_view chain_pem);

}  // namespace lintel::acme
