#pragma once
// What goes wrong between us and a CA, told so that the owner can act.

#include "base/clock.hpp"

#include <expected>
#include <optional>
#include <string>
#include <utility>

namespace lintel::acme {

struct failure {
    enum class kind {
        unreachable,  ///< no answer: refused, timed out, a certificate that isn't trusted
        ours,         ///< no doing of the CA's: a full disk, a script, a limit of our own, DNS that leads elsewhere
        refused,      ///< the CA answered with a problem document (RFC 7807), or an order or challenge carries one
        malformed,    ///< an answer that RFC 8555 doesn't allow
    };
    kind what = kind::unreachable;
    int status = 0;  ///< of the HTTP response; 0 = none
    std::string
        type;  ///< "rateLimited", "unauthorized", …: what follows urn:ietf:params:acme:error:, else the whole URI
    std::string detail;                   ///< the CA's words, those of subproblems with their names behind, or ours
    std::optional<duration> retry_after;  ///< counted from the answer (RFC 9110 §10.2.3: seconds or a date)
};

template <class T>
using answer = std::expected<T, failure>;

/// One that is told in words of ours.
inline std::unexpected<failure> failed(failure::kind what, std::string why)
{
    return std::unexpected(failure{what, 0, {}, std::move(why), {}});
}

/// In one sentence: "rateLimited (429): too many …".
inline std::string sentence_of(const failure& what)
{
    if (what.type.empty()) return what.detail;
    auto status = what.status != 0 ? " (" + std::to_string(what.status) + ")" : "";
    return what.type + status + ": " + what.detail;
}

/// The CA can't be reached, is busy, or limits us.
inline bool is_out_of_reach(const failure& why)
{
    bool busy = why.status == 429 || why.status >= 500 || why.type == "rateLimited" || why.type == "badNonce";
    return busy || why.what == failure::kind::unreachable;
}

/// The CA said nothing of the order itself.
inline bool is_for_later(const failure& why) { return is_out_of_reach(why) || why.what == failure::kind::ours; }

}  // namespace lintel::acme
