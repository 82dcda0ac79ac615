#include "http/h2_connect.hpp"

#include "base/text.hpp"
#include "http/error.hpp"
#include "http/websocket.hpp"

namespace lintel::http {

namespace {

constexpr std::string_view key_name = "Sec-WebSocket-Key", accept_name = "Sec-WebSocket-Accept";

void remove(fields& from, std::string_view name)
{
    from.remove_if([name](const field& each) { return text::equal_caseless(each.name, name); });
}

}  // namespace

error_code h2_connect::read(std::string_view protocol, request_head& request)
{
    if (protocol != "websocket") return errc::unknown_protocol;
    if (request.fields.find(field_id::content_length) != nullptr) return errc::bad_content_length;
    key_ = new_websocket_key();
    request.method = "GET";
    remove(request.fields, key_name);
    request.fields.add(key_name, key_);
    request.fields.add({"Upgrade", "websocket", field_id::upgrade});
    request.fields.add({"Connection", "upgrade", field_id::connection});
    return {};
}

std::optional<response_head> h2_connect::accepted(const response_head& head) const
{
    const auto* accept = head.fields.find(accept_name);
    if (accept == nullptr || !answers_websocket_key(accept->value, key_)) return {};
    auto answer = head;
    answer.status = 200;
    remove(answer.fields, accept_name);
    return answer;
}

}  // namespace lintel::http
