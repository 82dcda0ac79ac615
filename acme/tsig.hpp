#pragma once
// Signatures of DNS messages with a shared secret (RFC 8945).

#include "base/clock.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>

namespace lintel::acme {

struct tsig_key {
    std::string name;       ///< canonical
    std::string algorithm;  ///< "hmac-sha256", …
    std::string secret;     ///< the bytes, never logged
};

/// `secret`: base64. Problems: an algorithm that we don't have, a name or secret that is none; the secret is not in
/// them.
checked<tsig_key> make_tsig_key(std::string_view name, std::string_view algorithm, std::string_view secret);

struct signed_message {
    std::string bytes;
    std::string mac;  ///< which the answer's signature covers, too
};

/// `message`: whole, with no additional record.
signed_message sign(const tsig_key& key, std::string message, wall_clock::time_point now);

struct tsig_verdict {
    enum class kind {
        good,
        unsigned_answer,
        forged,          ///< signed, but not with our key, or not for our request
        bad_key,         ///< the server says: it has no such key, or not with this algorithm
        bad_signature,   ///< the server says: ours doesn't fit
        bad_time,        ///< the clocks are too far apart
        bad_truncation,  ///< the server says: it wants longer ones
    };
    kind what = kind::forged;
    std::chrono::seconds server_ahead{};  ///< with bad_time: its clock minus ours
};

/// What is to be thought of an answer to a request with the signature `request_mac`. Only `good` may be believed when
/// it says that something was done. Shortened signatures are not taken.
tsig_verdict verify(const tsig_key& key, std::string_view answer, std::string_view request_mac,
                    wall_clock::time_point now);

}  // namespace lintel::acme
