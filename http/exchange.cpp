#include "http/exchange.hpp"

#include "http/date.hpp"

namespace lintel::http {

task<result<void>> reply(exchange& to, response_head head, std::string_view body)
{
    auto date = date_now();
    head.fields.add("Date", date);
    if (!body.empty() && head.fields.find("Content-Type") == nullptr) {
        head.fields.add("Content-Type", "text/plain; charset=utf-8");
    }
    memory_body content(body);
    co_return co_await to.respond(head, content);
}

}  // namespace lintel::http
