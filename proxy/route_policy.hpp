#pragma once
// What a matched route does not take.

#include "http/exchange.hpp"
#include "proxy/outcome.hpp"
#include "proxy/routing/route_table.hpp"

namespace lintel::proxy {

/// Why the options refuse this request: `bad_path` (dot segments or a match by its normal form only, where the path is
/// forwarded as received; encoded slashes), `bad_method` (TRACE), `bad_field` (Max-Forwards), `body_too_large`; else
/// `none`.
fault refused_by(const route& matched, const model::http_options& options, http::exchange& asked);

}  // namespace lintel::proxy
