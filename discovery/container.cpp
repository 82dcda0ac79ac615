#include "discovery/container.hpp"

#include "base/text.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <cstring>

namespace lintel::discovery {

namespace {

using nlohmann::json;

/// The member `key`, or null where there is none: the engines leave out, or set to null, what is empty.
const json& member(const json& object, const char* key)
{
    static const json nothing;
    if (!object.is_object()) return nothing;
    auto found = object.find(key);
    return found == object.end() ? nothing : *found;
}

std::string text_of(const json& object, const char* key)
{
    const auto& value = member(object, key);
    return value.is_string() ? value.get<std::string>() : std::string();
}

/// A decimal number at the start of `text`, which it is removed from; -1 when there is none.
int take_number(std::string_view& text)
{
    auto digits = text.substr(0, text.find_first_not_of("0123456789"));
    auto value = text::parse_decimal(digits.substr(0, 9));
    text.remove_prefix(digits.size());
    return value ? static_cast<int>(*value) : -1;
}

int take_number_after(std::string_view& text, char separator)
{
    if (!text.starts_with(separator)) return -1;
    text.remove_prefix(1);
    return take_number(text);
}

/// ".123456" → 123456000
std::int64_t take_fraction(std::string_view& text)
{
    if (!text.starts_with('.')) return 0;
    text.remove_prefix(1);
    auto digits = std::string(text.substr(0, text.find_first_not_of("0123456789")));
    text.remove_prefix(digits.size());
    digits.resize(9, '0');
    return static_cast<std::int64_t>(text::parse_decimal(digits).value_or(0));
}

/// RFC 3339 §5.6 → nanoseconds since 1970; 0 when it is not a time.
std::int64_t parse_time(std::string_view text)
{
    using namespace std::chrono;
    auto y = take_number(text), mo = take_number_after(text, '-'), d = take_number_after(text, '-');
    auto h = take_number_after(text, 'T'), mi = take_number_after(text, ':'), s = take_number_after(text, ':');
    auto fraction = take_fraction(text);
    year_month_day date(year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d)));
    if (!date.ok() || h < 0 || mi < 0 || s < 0) return 0;
    auto when = sys_days(date) + hours(h) + minutes(mi) + seconds(s);
    if (text.starts_with('+') || text.starts_with('-')) {
        auto sign = text.front() == '+' ? 1 : -1;
        auto offset_hours = take_number_after(text, text.front());
        auto offset_minutes = take_number_after(text, ':');
        when -= sign * (hours(std::max(offset_hours, 0)) + minutes(std::max(offset_minutes, 0)));
    }
    return duration_cast<nanoseconds>(when.time_since_epoch()).count() + fraction;
}

container::status status_of(const json& state)
{
    auto text = text_of(state, "Status");
    if (text == "running") return container::status::running;
    if (text == "paused") return container::status::paused;
    if (text == "restarting") return container::status::restarting;
    if (text == "created" || text == "configured" || text == "initialized") return container::status::created;
    return container::status::stopped;
}

/// A container that has a HEALTHCHECK but no verdict yet is starting. `HEALTHCHECK NONE` is the test "NONE".
container::health health_of(const json& inspect)
{
    const auto& test = member(member(member(inspect, "Config"), "Healthcheck"), "Test");
    bool has_test = test.is_array() && !test.empty();
    if (has_test && test.front() == "NONE") return container::health::none;
    auto verdict = text_of(member(member(inspect, "State"), "Health"), "Status");
    if (verdict == "healthy") return container::health::healthy;
    if (verdict == "unhealthy") return container::health::unhealthy;
    if (verdict == "starting" || has_test) return container::health::starting;
    return container::health::none;
}

label_map labels_of(const json& config)
{
    label_map labels;
    const auto& written = member(config, "Labels");
    if (!written.is_object()) return labels;
    for (const auto& [key, value] : written.items()) {
        if (value.is_string()) labels.emplace(key, value.get<std::string>());
    }
    return labels;
}

/// The keys of `ports` look like "80/tcp".
void collect_tcp_ports(const json& ports, std::vector<std::uint16_t>& into)
{
    if (!ports.is_object()) return;
    for (const auto& [key, unused] : ports.items()) {
        auto text = std::string_view(key);
        auto slash = text.find('/');
        if (slash != std::string_view::npos && text.substr(slash) != "/tcp") continue;
        auto port = text::parse_decimal(text.substr(0, slash));
        if (port && *port > 0 && *port <= 65535) into.push_back(static_cast<std::uint16_t>(*port));
    }
}

std::vector<std::uint16_t> tcp_ports_of(const json& inspect)
{
    std::vector<std::uint16_t> ports;
    collect_tcp_ports(member(member(inspect, "Config"), "ExposedPorts"), ports);
    collect_tcp_ports(member(member(inspect, "NetworkSettings"), "Ports"), ports);
    std::ranges::sort(ports);
    auto repeated = std::ranges::unique(ports);
    ports.erase(repeated.begin(), repeated.end());
    return ports;
}

std::vector<container::network> networks_of(const json& inspect)
{
    std::vector<container::network> networks;
    const auto& written = member(member(inspect, "NetworkSettings"), "Networks");
    if (!written.is_object()) return networks;
    for (const auto& [name, facts] : written.items()) {
        networks.push_back({name, text_of(facts, "IPAddress"), text_of(facts, "GlobalIPv6Address")});
    }
    std::ranges::sort(networks, {}, &container::network::name);
    return networks;
}

/// "SIGTERM", "term" or "15" → 15; 0 when it is no signal that stops anything.
int signal_number(std::string_view name)
{
    if (auto number = text::parse_decimal(name)) return *number < 128 ? static_cast<int>(*number) : 0;
    auto plain = text::lower(name);
    if (plain.starts_with("sig")) plain.erase(0, 3);
    for (int number = 1; number < 32; ++number) {
        const auto* known = ::sigabbrev_np(number);
        if (known && text::equal_caseless(known, plain)) return number;
    }
    // "RTMIN+3" is how systemd's images ask to be stopped.
    if (!plain.starts_with("rtmin")) return 0;
    auto offset = plain.size() > 6 ? text::parse_decimal(plain.substr(6)).value_or(0) : 0;
    return 34 + static_cast<int>(offset);
}

}  // namespace

std::optional<container> read_container(std::string_view inspect_json)
{
    auto inspect = json::parse(inspect_json, nullptr, false);
    if (inspect.is_discarded() || text_of(inspect, "Id").empty()) return {};
    const auto& config = member(inspect, "Config");

    container what;
    what.id = text_of(inspect, "Id");
    what.name = text_of(inspect, "Name");
    if (what.name.starts_with('/')) what.name.erase(0, 1);
    what.created = parse_time(text_of(inspect, "Created"));
    what.labels = labels_of(config);
    what.tcp_ports = tcp_ports_of(inspect);
    what.networks = networks_of(inspect);
    what.network_mode = text_of(member(inspect, "HostConfig"), "NetworkMode");
    what.state = status_of(member(inspect, "State"));
    what.checked = health_of(inspect);
    what.stop_signal = text_of(config, "StopSignal");
    if (const auto& timeout = member(config, "StopTimeout"); timeout.is_number_unsigned()) {
        what.stop_timeout = std::chrono::seconds(std::min(timeout.get<std::uint64_t>(), std::uint64_t{86'400}));
    }
    return what;
}

model::readiness readiness_of(const container& what)
{
    using enum container::status;
    if (what.state == paused) return model::readiness::paused;
    if (what.state == created) return model::readiness::starting;  // between create and start
    if (what.state != running) return model::readiness::stopped;
    switch (what.checked) {
        case container::health::none: return model::readiness::probe;
        case container::health::starting: return model::readiness::starting;
        case container::health::healthy: return model::readiness::ready;
        case container::health::unhealthy: return model::readiness::unhealthy;
    }
    return model::readiness::probe;
}

std::string network_owner(const container& what)
{
    constexpr std::string_view prefix = "container:";
    return what.network_mode.starts_with(prefix) ? what.network_mode.substr(prefix.size()) : std::string();
}

bool is_stopping_signal(const container& what, std::string_view signal)
{
    auto number = signal_number(signal);
    if (number == 0) return false;
    bool always = number == SIGTERM || number == SIGKILL || number == SIGINT || number == SIGQUIT;
    return always || number == signal_number(what.stop_signal);
}

}  // namespace lintel::discovery
