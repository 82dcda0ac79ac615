#pragma once
// What goes wrong between us and a CA, told so that the owner can act.

#include "base/clock.hpp"

#include <expected>
#include <optional>
#include <string>

namespace lintel::acme {

struct failure {
    enum class kind {
        unreachable,  ///< no answer: refused, timed out, a certificate that isn't trusted
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

}  // namespace lintel::acme
