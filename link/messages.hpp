#pragma once
// What edge and control say to each other besides deltas (model/json.hpp). Each message is one frame (net/frames.hpp).
//
//   edge                                   control
//   hello{protocol, edge, pid, serving, ticket_keys} ─►
//                                          ◄─ hello{protocol, ticket_keys}      again when they change
//                                          ◄─ delta{reset, version, upsert…}… commit     the full snapshot
//   ack{version, rejected}                 ─►
//                                          ◄─ delta{base, version, upsert, remove} commit
//   ack, stats (each second), endpoint, ask ─►
//                                          ◄─ refused{name}             at any time
//
// The edge acks a version when no request can start on an older one any more, in any worker.

#include "base/result.hpp"
#include "link/ticket_keys.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lintel::link {

inline constexpr int protocol = 1;

/// The first frame of both sides. No ticket keys: the sender has none yet.
struct hello {
    int protocol = link::protocol;
    std::string edge;  ///< a random id per edge process; empty from control
    std::int64_t pid = 0;
    bool serving = false;                 ///< this edge has a snapshot in force: it needs none that may be older
    std::vector<ticket_key> ticket_keys;  ///< newest first; whoever restarted gets them back from the other
};

struct rejection {
    std::string kind, id, why;
};

/// `version` is in force everywhere, but for what it names.
struct ack {
    std::uint64_t version = 0;
    std::vector<rejection> rejected;
};

/// Counters since the edge's start, by name.
struct stats {
    std::map<std::string, std::uint64_t> counters;
};

/// An endpoint's state as the edge sees it: "ready", "candidate", "suspect", "draining", ….
struct endpoint_report {
    std::string id, state, why;
};

/// A handshake waits for a certificate for `name`, that a router with `ask` may allow. Said again while clients come.
struct ask {
    std::string name;
};

/// Nothing will come of an `ask` for `name` as far as control can tell: handshakes need not wait for it.
struct refusal {
    std::string name;
};

using message = std::variant<hello, ack, stats, endpoint_report, ask, refusal>;

std::string encode(const message& what);

/// The problem says what is malformed. A frame of an unknown type is none of these and none of deltas: a newer peer's.
checked<message> decode(std::string_view frame);

/// "hello", "delta", …: cheap enough to tell deltas from messages before decoding. Deltas have no type of their own.
bool is_message(std::string_view frame);

}  // namespace lintel::link
