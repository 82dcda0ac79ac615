#pragma once
// How large a head may be, and which names a front door lets through, whatever the version of HTTP.

#include <cstddef>
#include <cstdint>

namespace lintel::http {

/// What becomes of fields with "_" in their names: apps behind CGI and its heirs read X_Forwarded_For as the field that
/// only a proxy may write. `pass` still drops those that read like a field of field_id.
/// `untouched`: all of them stay, which is for what apps send back.
enum class underscores : std::uint8_t { drop, pass, reject, untouched };

struct head_limits {
    std::size_t head_bytes = 32 * 1024;  ///< as HTTP/1.1 would write it
    std::size_t target_bytes = 8 * 1024;
    std::size_t fields = 100;
    http::underscores underscores = underscores::drop;
};

}  // namespace lintel::http
