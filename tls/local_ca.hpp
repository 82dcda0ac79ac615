#pragma once
// A certificate authority of one's own, for names that no public CA may or need vouch for.

#include "base/result.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace lintel::tls {

struct issued_certificate {
    std::string chain_pem;
    std::string key_pem;
};

/// Makes leaf certificates (ECDSA P-256, 90 days, one name each). Its own key is `ca-key.pem` (0600) and its
/// certificate `ca.pem` in the state folder, made at first use, good for ten years.
class local_ca {
public:
    /// Reads both files, or makes them where there is no certificate (a key alone never signed anything). A problem
    /// when the key is missing, or they don't match.
    static checked<local_ca> open(const std::filesystem::path& state);
    local_ca(local_ca&&) noexcept;
    ~local_ca();

    const std::string& certificate_pem() const { return certificate_pem_; }
    const std::string& fingerprint() const { return fingerprint_; }  ///< SHA-256 of its certificate's text

    /// `host`: a DNS name, "*.x", an IPv4 address or an IPv6 address in brackets.
    issued_certificate issue(const std::string& host) const;

private:
    struct authority;
    local_ca(std::unique_ptr<authority> own, std::string certificate_pem);

    std::unique_ptr<authority> own_;
    std::string certificate_pem_, fingerprint_;
};

}  // namespace lintel::tls
