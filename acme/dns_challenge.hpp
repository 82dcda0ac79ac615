#pragma once
// DNS-01 (RFC 8555 §8.4): a TXT record under _acme-challenge, put up and taken down by one of two open contracts.

#include "base/result.hpp"
#include "net/address.hpp"
#include "net/worker.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::acme {

/// Who can change a zone.
class dns_writer {
public:
    virtual ~dns_writer() = default;

    /// `record`: the full name, no trailing dot. `value`: the text. Problems are sentences for the owner; secrets never
    /// stand in them. Doing the same twice does no harm.
    virtual task<checked<void>> present(std::string record, std::string value) = 0;
    virtual task<checked<void>> clean_up(std::string record, std::string value) = 0;
};

/// Dynamic update (RFC 2136) signed with TSIG (RFC 8945), over TCP.
struct rfc2136_settings {
    std::string server;                     ///< HOST[:PORT]
    std::string key_name;                   ///< empty = unsigned
    std::string algorithm = "hmac-sha256";  ///< or hmac-sha512, hmac-sha384, hmac-sha224, hmac-sha1
    std::string secret;                     ///< base64, never logged
    std::string zone;                       ///< empty = found by SOA
    std::int32_t ttl_seconds = 60;
};
checked<std::unique_ptr<dns_writer>> make_rfc2136_writer(net::worker& home, rfc2136_settings how,
                                                         std::vector<net::address> resolvers);

/// lego's `exec` contract: PROGRAM present|cleanup "_acme-challenge.name." "VALUE" (with a trailing dot, as lego has
/// it), with our environment; ended after `limit`; what it says on stderr is told to the owner when it fails.
std::unique_ptr<dns_writer> make_exec_writer(net::worker& home, std::string program, duration limit);

/// The name where the record has to be: "_acme-challenge." + `name` (without "*."), CNAMEs followed, ten at most.
task<checked<std::string>> challenge_record(net::worker& home, std::vector<net::address> resolvers, std::string name);

/// What the TXT record holds: base64url(SHA-256(key authorization)).
std::string challenge_text(std::string_view key_authorization);

/// Returns when every authoritative server of the record's zone answers with `value` (each asked without recursion), or
/// a problem at `limit` that says which server doesn't. `port`: of those servers, 53 but in tests.
task<checked<void>> wait_until_propagated(net::worker& home, std::vector<net::address> resolvers, std::string record,
                                          std::string value, duration limit, std::uint16_t port = 53);

}  // namespace lintel::acme
