#include "proxy/route_policy.hpp"

#include "http/target.hpp"
#include "proxy/forward_fields.hpp"

namespace lintel::proxy {

fault refused_by(const route& matched, const model::http_options& options, http::exchange& asked)
{
    const auto& request = asked.request();
    bool as_is = options.path_as_is;
    if (as_is && http::has_dot_segments(request.raw_path)) return fault::bad_path;
    if (as_is && !matches(matched.rule, request.host, request.raw_path)) return fault::bad_path;
    if (options.reject_encoded_slashes && http::has_encoded_slashes(request.raw_path)) return fault::bad_path;
    if (request.is("TRACE") && !options.allow_trace) return fault::bad_method;
    if (forwards_left(request).has_error()) return fault::bad_field;
    bool too_large = options.body_limit > 0 && asked.body().length().value_or(0) > options.body_limit;
    return too_large ? fault::body_too_large : fault::none;
}

}  // namespace lintel::proxy
