#include "discovery/engine_events.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace lintel::discovery {

namespace {

using nlohmann::json;
using kind = engine_event::kind;

struct action {
    std::string_view name;
    kind what;
};

/// Podman says init, died, cleanup and remove where Docker says start, die, stop and destroy.
constexpr std::array container_actions{
    action{"create", kind::changed}, action{"health_status", kind::changed},
    action{"pause", kind::changed},  action{"unpause", kind::changed},
    action{"rename", kind::changed}, action{"update", kind::changed},
    action{"init", kind::changed},   action{"start", kind::started},
    action{"kill", kind::signalled}, action{"die", kind::ended},
    action{"died", kind::ended},     action{"stop", kind::ended},
    action{"cleanup", kind::ended},  action{"destroy", kind::removed},
    action{"remove", kind::removed},
};

std::string text_at(const json& object, const json::json_pointer& where)
{
    if (!object.contains(where)) return "";
    const auto& value = object.at(where);
    return value.is_string() ? value.get<std::string>() : std::string();
}

std::optional<engine_event> of_container(const json& event, std::string_view name)
{
    static const json::json_pointer id("/Actor/ID"), signal("/Actor/Attributes/signal");
    for (const auto& [known, what] : container_actions) {
        if (known == name) return engine_event{what, text_at(event, id), text_at(event, signal)};
    }
    return {};
}

std::optional<engine_event> of_network(const json& event, std::string_view name)
{
    static const json::json_pointer container("/Actor/Attributes/container");
    if (name != "connect" && name != "disconnect") return {};
    return engine_event{kind::changed, text_at(event, container), ""};
}

std::string percent_encoded(std::string_view text)
{
    constexpr std::string_view hex = "0123456789ABCDEF";
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    std::string out;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (plain.contains(c)) {
            out += c;
        } else {
            out += {'%', hex[byte >> 4], hex[byte & 15]};
        }
    }
    return out;
}

}  // namespace

void line_splitter::feed(std::string_view bytes, const std::function<void(std::string_view)>& on_line)
{
    while (!bytes.empty()) {
        auto end = bytes.find('\n');
        begun_ += bytes.substr(0, end);
        if (begun_.size() > limit_bytes) {
            too_long_ = true;
            begun_.clear();
        }
        if (end == std::string_view::npos) return;
        bytes.remove_prefix(end + 1);
        auto line = std::exchange(begun_, {});
        if (!std::exchange(too_long_, false) && !line.empty()) on_line(line);
    }
}

std::optional<engine_event> read_event(std::string_view line)
{
    static const json::json_pointer type("/Type"), action("/Action");
    auto event = json::parse(line, nullptr, false);
    if (!event.is_object()) return {};
    auto words = text_at(event, action);
    auto name = std::string_view(words).substr(0, words.find(':'));  // "health_status: healthy"
    auto made = text_at(event, type) == "network" ? of_network(event, name) : of_container(event, name);
    if (!made || made->container.empty() || (text_at(event, type) != "network" && text_at(event, type) != "container"))
        return {};
    return made;
}

std::string events_path(std::string_view since)
{
    json filters;
    filters["type"] = {"container", "network"};
    filters["event"] = {"connect", "disconnect"};
    for (const auto& [name, what] : container_actions) filters["event"].push_back(name);
    return "/events?since=" + std::string(since) + "&filters=" + percent_encoded(filters.dump());
}

}  // namespace lintel::discovery
