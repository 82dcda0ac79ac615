#pragma once
// What a worker counts. Each worker writes its own, anyone sums them up.

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace lintel::proxy {

enum class counter {
    connections,          ///< accepted from clients
    connections_open,     ///< of these, open now
    connections_refused,  ///< over a cap
    connections_shed,     ///< idle ones closed to make room
    handshakes_failed,    ///< TLS
    requests,
    requests_open,
    responses_2xx,
    responses_3xx,
    responses_4xx,
    responses_5xx,
    own_errors,            ///< responses that we made because something was wrong
    upstream_connections,  ///< opened to endpoints
    upstream_requests,     ///< sent to endpoints, replays included
    replays,
    tunnels,
    tunnels_open,
    tcp_connections,  ///< taken by TCP routers
    tcp_connections_open,
    access_lines_dropped,
    count_
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(counter::count_)> counter_names{
    "connections",   "connections_open", "connections_refused",  "connections_shed",     "handshakes_failed",
    "requests",      "requests_open",    "responses_2xx",        "responses_3xx",        "responses_4xx",
    "responses_5xx", "own_errors",       "upstream_connections", "upstream_requests",    "replays",
    "tunnels",       "tunnels_open",     "tcp_connections",      "tcp_connections_open", "access_lines_dropped"};

class counters {
public:
    /// Only the owning worker: a plain load and store, no locked instruction.
    void add(counter which, std::int64_t step = 1)
    {
        auto& value = values_[static_cast<std::size_t>(which)];
        value.store(value.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(step),
                    std::memory_order_relaxed);
    }
    std::uint64_t read(std::size_t which) const { return values_[which].load(std::memory_order_relaxed); }

private:
    std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(counter::count_)> values_{};
};

/// Counts something up now and down when it ends.
class counted {
public:
    counted(counters& where, counter which) : where_(where), which_(which) { where_.add(which_, 1); }
    counted(const counted&) = delete;
    ~counted() { where_.add(which_, -1); }

private:
    counters& where_;
    counter which_;
};

}  // namespace lintel::proxy
