#include "app/messages.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

namespace lintel::app {

using json = nlohmann::json;

std::string encode(const start_message& what)
{
    json body{{"type", "start"},
              {"edge_uid", what.edge_uid},
              {"edge_gid", what.edge_gid},
              {"drop_rights", what.drop_rights},
              {"supervisor", what.supervisor},
              {"sockets", what.sockets},
              {"has_access_log", what.has_access_log}};
    for (const auto& [key, chosen] : what.settings)
        body["settings"][key] = {{"text", chosen.text}, {"where", chosen.where}};
    for (const auto& each : what.entrypoints) {
        body["entrypoints"].push_back({{"name", each.name},
                                       {"address", each.address},
                                       {"tls", each.tls},
                                       {"public_port", each.public_port},
                                       {"options", each.options},
                                       {"proxy_protocol_from", each.proxy_protocol_from}});
    }
    return body.dump();
}

std::optional<start_message> decode_start(std::string_view text)
{
    try {
        auto body = json::parse(text);
        if (body.at("type") != "start") return {};
        start_message what;
        what.edge_uid = body.at("edge_uid");
        what.edge_gid = body.at("edge_gid");
        what.drop_rights = body.at("drop_rights");
        what.supervisor = body.at("supervisor");
        what.sockets = body.at("sockets").get<std::vector<std::size_t>>();
        what.has_access_log = body.at("has_access_log");
        for (const auto& [key, chosen] : body.value("settings", json::object()).items()) {
            what.settings[key] = {chosen.at("text"), chosen.at("where")};
        }
        for (const auto& each : body.at("entrypoints")) {
            what.entrypoints.push_back({each.at("name"), each.at("address"), each.at("tls"), each.at("public_port"),
                                        each.at("options").get<model::option_texts>(),
                                        each.at("proxy_protocol_from").get<std::vector<std::string>>()});
        }
        return what;
    } catch (const json::exception&) {
        return {};
    }
}

std::string encode_drain(duration limit)
{
    return json{{"type", "drain"}, {"limit_ms", limit / std::chrono::milliseconds(1)}}.dump();
}

std::optional<duration> decode_drain(std::string_view text)
{
    auto body = json::parse(text, nullptr, false);
    if (!body.is_object() || body.value("type", "") != "drain") return {};
    return std::chrono::milliseconds(body.value("limit_ms", std::int64_t{0}));
}

std::string encode_ready_line(const std::vector<model::entrypoint>& entrypoints, const std::string& admin_socket)
{
    json addresses;
    for (const auto& each : entrypoints) addresses[each.name] = each.address;
    return json{{"entrypoints", addresses}, {"admin", admin_socket}, {"pid", ::getpid()}}.dump() + "\n";
}

}  // namespace lintel::app
