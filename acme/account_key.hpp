#pragma once
// Keys that sign what we say to a CA, and the signatures (RFC 7515, flattened JSON; RFC 8555 §6.2).

#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace lintel::acme {

/// An ECDSA P-256 key (ES256). Shared, immutable.
class account_key {
public:
    static account_key generate();
    static checked<account_key> from_pem(std::string_view pem);  ///< P-256 or RSA (RS256): other clients' accounts too

    std::string pem() const;  ///< PKCS #8, never logged
    std::string jwk() const;  ///< the public half (RFC 7517), members in the order of RFC 7638

    /// base64url(SHA-256(jwk)) (RFC 7638): what a key authorization ends in.
    std::string thumbprint() const;

    /// A JWS over `payload` ("" for POST-as-GET). `protected_header`: JSON without "alg", which is added.
    std::string sign(std::string protected_header, std::string_view payload) const;

private:
    struct inside;
    explicit account_key(std::shared_ptr<const inside> own) : own_(std::move(own)) {}
    std::shared_ptr<const inside> own_;
};

/// An external account binding (RFC 8555 §7.3.4): HS256 over the account's public key. `hmac_key`: base64url, as the CA
/// hands it out; a problem when it isn't.
checked<std::string> bind_external_account(const account_key& account, std::string_view kid, std::string_view hmac_key,
                                           std::string_view new_account_url);

std::string base64url(std::string_view bytes);               ///< RFC 4648 §5, no padding
checked<std::string> from_base64url(std::string_view text);  ///< padding is tolerated

}  // namespace lintel::acme
