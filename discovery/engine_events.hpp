#pragma once
// The engine's event stream (GET /events): lines of JSON without end. Pure.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lintel::discovery {

/// Cuts a stream of bytes into lines.
class line_splitter {
public:
    static constexpr std::size_t limit_bytes = 1U << 20;

    /// Hands every line that is whole by now to `on_line`, without its end. A line above the limit is left out.
    void feed(std::string_view bytes, const std::function<void(std::string_view)>& on_line);

private:
    std::string begun_;
    bool too_long_ = false;
};

/// What happened to one container, as far as routing cares.
struct engine_event {
    enum class kind {
        changed,  ///< created, renamed, healthy, in another network: worth a look
        started,
        signalled,  ///< it is about to get `signal`
        ended,      ///< its process is gone; the container may still be there
        removed,
    };

    kind what;
    std::string container;  ///< its id
    std::string signal;     ///< a number or a name

    bool operator==(const engine_event&) const = default;
};

/// One line of the stream, in Docker's or Podman's words. None for everything that concerns no container's routing,
/// such as the exec_* events of each health check.
std::optional<engine_event> read_event(std::string_view line);

/// The path and query that ask for these events, from `since` (seconds and nanoseconds since 1970) on.
std::string events_path(std::string_view since);

}  // namespace lintel::discovery
