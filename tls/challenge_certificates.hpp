#pragma once
// TLS-ALPN-01 (RFC 8737): the certificates that are shown to a CA which asks whether a name leads here.

#include "tls/certificate_store.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace lintel::tls {

class option_set;

/// What a client offers by ALPN that asks for such a certificate. Nothing is said after the handshake (RFC 8737 §3).
inline constexpr std::string_view challenge_protocol = "acme-tls/1";

/// Immutable; published with the certificates, and apart from them: nobody else ever gets to see one of these.
class challenge_certificates {
public:
    challenge_certificates() = default;

    /// Of `all` those of this kind. What `previous` holds with the same texts is not parsed again.
    challenge_certificates(const model::objects<model::challenge>& all, const challenge_certificates& previous);

    bool empty() const { return by_name_.empty(); }

    /// `server_name` as in certificate_store::find; of an address what RFC 8738 §6 makes of it. Null: none.
    const certificate_store::candidates* find(std::string_view server_name) const;

    /// How TLS is spoken with those who ask, whatever is demanded of a host's clients. Null where there are none.
    const std::shared_ptr<const option_set>& terms() const { return terms_; }

private:
    std::map<std::string, certificate_store::candidates, std::less<>> by_name_;
    std::shared_ptr<const option_set> terms_;
};

}  // namespace lintel::tls
