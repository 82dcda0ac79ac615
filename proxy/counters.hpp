#pragma once
// What a worker counts. Each worker writes its own, anyone sums them up.

#include "http/h2_budget.hpp"

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
    h2_rapid_reset,  ///< from here on: HTTP/2 connections that ended for it (docs/http2.md), in the order of h2_attack
    h2_made_you_reset,
    h2_continuation,
    h2_header_list,
    h2_too_many_streams,
    h2_settings,
    h2_ping,
    h2_priority,
    h2_window_update,
    h2_empty_data,
    h2_tiny_data,
    h2_unknown_frames,
    h2_slow_preface,
    h2_slow_head,
    h2_stalled,  ///< requests that did
    count_
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(counter::count_)> counter_names{
    "connections",    "connections_open",  "connections_refused",  "connections_shed",     "handshakes_failed",
    "requests",       "requests_open",     "responses_2xx",        "responses_3xx",        "responses_4xx",
    "responses_5xx",  "own_errors",        "upstream_connections", "upstream_requests",    "replays",
    "tunnels",        "tunnels_open",      "tcp_connections",      "tcp_connections_open", "access_lines_dropped",
    "h2_rapid_reset", "h2_made_you_reset", "h2_continuation",      "h2_header_list",       "h2_too_many_streams",
    "h2_settings",    "h2_ping",           "h2_priority",          "h2_window_update",     "h2_empty_data",
    "h2_tiny_data",   "h2_unknown_frames", "h2_slow_preface",      "h2_slow_head",         "h2_stalled"};

inline counter counter_of(http::h2_attack how)
{
    return static_cast<counter>(static_cast<int>(counter::h2_rapid_reset) + static_cast<int>(how));
}

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
