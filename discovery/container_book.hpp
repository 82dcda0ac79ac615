#pragma once
// What is known of each container, and which one to look at next. Pure: events, answers and the time come in, fragments
// go to the catalogue.

#include "base/clock.hpp"
#include "discovery/catalogue.hpp"
#include "discovery/container.hpp"
#include "discovery/engine_events.hpp"
#include "discovery/engine_settings.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace lintel::discovery {

/// One inspect per container at a time, and at most `limit_inspections` in all; what happens to a container meanwhile
/// marks it, and it is looked at again. A signal to stop is known from the event alone and waits for no inspect.
class container_book {
public:
    static constexpr std::size_t limit_inspections = 8;

    /// `into` outlives it.
    container_book(engine_settings settings, catalogue& into) : settings_(std::move(settings)), into_(into) {}

    void on_event(const engine_event& event, time_point now);

    /// This container is to be looked at (again).
    void look_at(const std::string& id);

    /// All known containers are to be looked at: those that are gone are found out by that.
    void look_at_all();

    /// The next one to inspect, none while there is nothing to do or enough is under way. Whoever takes it calls
    /// inspected() or failed() for it, or forget_inspections().
    std::optional<std::string> take_next();

    /// The engine's answer; none: it knows no such container.
    void inspected(const std::string& id, const std::optional<container>& answer);

    /// There was no answer; the container keeps what is known of it.
    void failed(const std::string& id);

    /// The connection is gone: whatever was under way will not be answered, and nothing waits to be looked at.
    void forget_inspections();

    /// True when nothing waits to be looked at or is under way.
    bool idle() const { return queue_.empty() && under_way_ == 0; }

    /// When the next container that was told to stop, and lives on, must be taken back; time_point::max() = none.
    time_point next_undrain() const;
    void undrain(time_point now);

    /// Containers with a fragment.
    std::size_t size() const { return published_; }

private:
    struct page {
        std::optional<container> last;  ///< as inspected last, and what events said since
        bool queued = false;
        bool under_way = false;
        bool again = false;     ///< something happened while the inspect was under way
        bool outdated = false;  ///< it ended meanwhile: the answer may be older than that
        bool draining = false;
        time_point drain_ends = time_point::max();
    };

    void signalled(const std::string& id, std::string_view signal, time_point now);
    void ended(const std::string& id);
    void removed(const std::string& id);
    void apply(const std::string& id, page& known, container what);
    void publish(const std::string& id, const page& known);
    void withdraw(const std::string& id, page& known);
    void look_at_sharers(const std::string& id);
    void stop_draining(page& known);

    engine_settings settings_;
    catalogue& into_;
    std::map<std::string, page> pages_;
    std::map<std::string, std::set<std::string>> sharers_;  ///< container → those that share its network
    std::deque<std::string> queue_;
    std::size_t under_way_ = 0;
    std::size_t published_ = 0;
};

}  // namespace lintel::discovery
