#pragma once
// The application log: an event name that never changes plus fields. The only door to spdlog. Thread-safe.
//
// error = a person must act, warn = we coped, info = life cycle, debug = off in production. Never log secrets, tokens,
// cookies or query strings.

#include "base/clock.hpp"

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace lintel::log {

enum class level { debug, info, warn, error };
enum class format { human, json };

/// One named value of an event; numbers stay numbers in JSON.
struct field {
    std::string_view name;
    std::string value;
    bool quoted = true;

    field(std::string_view name, std::string_view value) : name(name), value(value) {}
    field(std::string_view name, const std::string& value) : name(name), value(value) {}
    field(std::string_view name, const char* value) : name(name), value(value) {}
    field(std::string_view name, bool value) : name(name), value(value ? "true" : "false"), quoted(false) {}
    field(std::string_view name, std::integral auto value) : name(name), value(std::to_string(value)), quoted(false) {}
};
using fields = std::initializer_list<field>;

/// Called once, before threads start. `role` (supervisor, edge, control) stands in every line.
void set_up(std::string_view role, level least, format how);

void write(level severity, std::string_view event, fields with);

inline void debug(std::string_view event, fields with = {}) { write(level::debug, event, with); }
inline void info(std::string_view event, fields with = {}) { write(level::info, event, with); }
inline void warn(std::string_view event, fields with = {}) { write(level::warn, event, with); }
inline void error(std::string_view event, fields with = {}) { write(level::error, event, with); }

}  // namespace lintel::log
