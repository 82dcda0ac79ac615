#pragma once
// What bounds the connections of clients.

#include "http/head_limits.hpp"
#include "model/http_options.hpp"

namespace lintel::http {

/// One entrypoint's.
struct connection_limits {
    head_limits head;
    model::http_options options;
    std::size_t drain_bytes = 64 * 1024;  ///< of a request body that nobody read, before closing instead
};

}  // namespace lintel::http
