#include "http/request_check.hpp"

#include "base/text.hpp"
#include "http/error.hpp"
#include "http/target.hpp"

#include <algorithm>

namespace lintel::http {

result<checked_request> check_request(request_head& head)
{
    if (head.is("CONNECT")) return errc::method_not_allowed;
    if (auto read = read_target(head); !read) return read.error();
    auto how = framing_of(head);
    if (!how) return how.error();
    if (head.is("TRACE") && how->what != framing::kind::none) return errc::unexpected_body;

    const auto& fields = head.fields;
    if (has_too_many_options(fields)) return errc::too_many_options;
    bool expects = head.version != version::http_1_0 && fields.find(field_id::expect) != nullptr;
    auto unknown = [](const field& each) {
        return each.id == field_id::expect && !text::equal_caseless(each.value, "100-continue");
    };
    if (expects && std::ranges::any_of(fields, unknown)) return errc::bad_expectation;
    return checked_request{*how, expects};
}

}  // namespace lintel::http
