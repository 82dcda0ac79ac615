#include "base/log.hpp"

#include "base/json_text.hpp"
#include "base/text.hpp"

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <unistd.h>

namespace lintel::log {

namespace {

format chosen_format = format::human;
std::string chosen_role = "lintel";

spdlog::level::level_enum native(level severity)
{
    switch (severity) {
        case level::debug: return spdlog::level::debug;
        case level::info: return spdlog::level::info;
        case level::warn: return spdlog::level::warn;
        case level::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

std::string human_line(std::string_view event, fields with)
{
    std::string line(event);
    for (const auto& [name, value, quoted] : with) {
        bool bare = !quoted || (!value.empty() && value.find_first_of(" \"=\\") == std::string::npos);
        line += ' ';
        line += name;
        line += '=';
        line += bare ? text::printable(value, 2000) : json_text::quoted(value);
    }
    return line;
}

std::string json_fields(std::string_view event, fields with)
{
    std::string line = "\"event\":" + json_text::quoted(event) + ",\"role\":" + json_text::quoted(chosen_role);
    for (const auto& [name, value, quoted] : with) {
        line += ',' + json_text::quoted(name) + ':' + (quoted ? json_text::quoted(value) : value);
    }
    return line;
}

}  // namespace

void set_up(std::string_view role, level least, format how)
{
    chosen_role = role;
    chosen_format = how;
    auto logger = how == format::json ? spdlog::create<spdlog::sinks::stderr_sink_mt>("lintel")
                                      : spdlog::create<spdlog::sinks::ansicolor_stderr_sink_mt>("lintel");
    logger->set_pattern(how == format::json ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                            : "%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ " + chosen_role + " %v",
                        spdlog::pattern_time_type::utc);
    logger->set_level(native(least));
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
}

void write(level severity, std::string_view event, fields with)
{
    auto* logger = spdlog::default_logger_raw();
    if (!logger->should_log(native(severity))) return;
    logger->log(native(severity), chosen_format == format::json ? json_fields(event, with) : human_line(event, with));
}

}  // namespace lintel::log
