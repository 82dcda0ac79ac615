#include "link/messages.hpp"

#include "base/crypto.hpp"

#include <nlohmann/json.hpp>

namespace lintel::link {

using json = nlohmann::json;

namespace {

constexpr std::string_view message_start = R"({"type":)";

/// No number of ours has a fraction, and converting one that is out of range is undefined.
bool refuse_fractions(int, json::parse_event_t event, json& value)
{
    if (event == json::parse_event_t::value && value.is_number_float())
        throw std::invalid_argument("a number is not whole");
    return true;
}

json body_of(const hello& h)
{
    json body{{"type", "hello"}, {"protocol", h.protocol}, {"edge", h.edge}, {"pid", h.pid}, {"serving", h.serving}};
    for (const auto& [secret, made] : h.ticket_keys)
        body["ticket_keys"].push_back({{"secret", crypto::hex(secret)}, {"made", wall_clock::to_time_t(made)}});
    return body;
}

json body_of(const ack& a)
{
    json rejected = json::array();
    for (const auto& [kind, id, why] : a.rejected) rejected.push_back({{"kind", kind}, {"id", id}, {"why", why}});
    return {{"type", "ack"}, {"version", a.version}, {"rejected", rejected}};
}

json body_of(const stats& s) { return {{"type", "stats"}, {"counters", s.counters}}; }

json body_of(const endpoint_report& e)
{
    return {{"type", "endpoint"}, {"id", e.id}, {"state", e.state}, {"why", e.why}};
}

json body_of(const ask& a) { return {{"type", "ask"}, {"name", a.name}}; }

json body_of(const refusal& r) { return {{"type", "refused"}, {"name", r.name}}; }

hello read_hello(const json& body)
{
    hello h{body.at("protocol"),
            body.value("edge", ""),
            body.value("pid", std::int64_t{0}),
            body.value("serving", false),
            {}};
    for (const auto& key : body.value("ticket_keys", json::array())) {
        auto made = wall_clock::from_time_t(key.at("made").get<std::uint32_t>());
        h.ticket_keys.push_back({crypto::from_hex(key.at("secret").get<std::string>()), made});
    }
    return h;
}

ack read_ack(const json& body)
{
    ack a{body.at("version"), {}};
    for (const auto& each : body.value("rejected", json::array())) {
        a.rejected.push_back({each.at("kind"), each.at("id"), each.at("why")});
    }
    return a;
}

message read_body(const json& body)
{
    auto type = body.at("type").get<std::string>();
    if (type == "hello") return read_hello(body);
    if (type == "ack") return read_ack(body);
    if (type == "stats") return stats{body.at("counters")};
    if (type == "endpoint") return endpoint_report{body.at("id"), body.at("state"), body.value("why", "")};
    if (type == "ask") return ask{body.at("name")};
    if (type == "refused") return refusal{body.at("name")};
    throw std::invalid_argument("unknown message " + type);
}

}  // namespace

std::string encode(const message& what)
{
    // "type" first, so that is_message() need not parse.
    auto body = std::visit([](const auto& each) { return body_of(each); }, what);
    auto type = body.at("type").get<std::string>();
    body.erase("type");
    auto rest = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return std::string(message_start) + '"' + type + '"' + (rest.size() > 2 ? "," : "") + rest.substr(1);
}

checked<message> decode(std::string_view frame)
{
    try {
        return read_body(json::parse(frame, refuse_fractions));
    } catch (const std::exception& failure) {
        return std::unexpected(problem{"", failure.what()});
    }
}

bool is_message(std::string_view frame) { return frame.starts_with(message_start); }

}  // namespace lintel::link
