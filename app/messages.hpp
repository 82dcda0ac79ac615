#pragma once
// What supervisor and children say over their channel: one line of JSON each.
//
//   supervisor ─► start{role settings, what the descriptors are}     first, once
//   supervisor ─► drain{limit_ms}                                    edge only
//   edge       ─► ready                                              serves its first snapshot

#include "app/settings.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::app {

/// The first message. Its descriptors, in this order: for the edge each entrypoint's sockets, then the access log where
/// there is one; for control the link's listening socket, then the admin API's.
struct start_message {
    chosen_settings settings;
    unsigned edge_uid = 0, edge_gid = 0;  ///< whom the edge becomes; its own ids where it can't or needn't change
    bool drop_rights = false;
    std::int64_t supervisor = 0;                 ///< process id
    std::vector<model::entrypoint> entrypoints;  ///< with the addresses that they are bound to
    std::vector<std::size_t> sockets;            ///< how many, per entrypoint
    bool has_access_log = false;
};

std::string encode(const start_message& what);
std::optional<start_message> decode_start(std::string_view text);

std::string encode_drain(duration limit);
std::optional<duration> decode_drain(std::string_view text);

inline constexpr std::string_view ready_message = R"({"type":"ready"})";

/// The line that --ready-fd gets.
std::string encode_ready_line(const std::vector<model::entrypoint>& entrypoints, const std::string& admin_socket);

}  // namespace lintel::app
