#pragma once
// Which URLs of a CA we go to.

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace lintel::acme {

/// https, or plain http from a directory on loopback to loopback: a CA must not send us elsewhere (RFC 8555 §6.1).
class url_rule {
public:
    /// A problem when the directory's own URL is neither.
    static checked<url_rule> of_directory(std::string_view directory_url);

    bool allows(std::string_view url) const;

private:
    explicit url_rule(bool clear) : clear_(clear) {}
    bool clear_;  ///< http on loopback
};

}  // namespace lintel::acme
