#include "http/framing.hpp"

#include "base/text.hpp"
#include "http/error.hpp"

namespace lintel::http {

namespace {

/// What the fields say, the same for both kinds of message; `none` when they say nothing.
result<framing> declared(const fields& all, version spoken)
{
    auto encodings = all.count(field_id::transfer_encoding), lengths = all.count(field_id::content_length);
    if (encodings > 0 && lengths > 0) return errc::ambiguous_framing;
    if (encodings > 0) {
        auto coding = all.find(field_id::transfer_encoding)->value;
        bool plain = encodings == 1 && text::equal_caseless(coding, "chunked");
        if (!plain || spoken == version::http_1_0) return errc::bad_transfer_encoding;
        return framing{framing::kind::chunked, 0};
    }
    if (lengths == 0) return framing{};
    auto length = text::parse_decimal(all.find(field_id::content_length)->value);
    if (lengths > 1 || !length || *length > INT64_MAX) return errc::bad_content_length;
    return framing{framing::kind::length, *length};
}

}  // namespace

result<framing> framing_of(const request_head& head)
{
    auto body = declared(head.fields, head.version);
    if (body && body->what == framing::kind::length && body->length == 0) return framing{};
    return body;
}

result<framing> framing_of(const response_head& head, std::string_view method)
{
    auto body = declared(head.fields, head.version);
    if (!body) return body;
    bool bodiless = method == "HEAD" || head.status / 100 == 1 || head.status == 204 || head.status == 304;
    if (bodiless) return framing{};
    bool undeclared = body->what == framing::kind::none;
    return undeclared ? framing{framing::kind::until_close, 0} : body;
}

}  // namespace lintel::http
