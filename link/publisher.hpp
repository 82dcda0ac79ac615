#pragma once
// Control's side of the link: keeps every connected edge on the newest snapshot.

#include "link/messages.hpp"
#include "model/snapshot.hpp"
#include "net/listener.hpp"
#include "net/task_group.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace lintel::link {

/// What control knows of the edge that serves now.
struct edge_view {
    bool connected = false;
    bool serving = false;  ///< it had a snapshot in force when it connected
    std::string id;
    std::int64_t pid = 0;
    std::uint64_t applied = 0;  ///< the version that it acked last
    std::vector<rejection> rejected;
    std::map<std::string, std::uint64_t> counters;
    std::map<std::string, endpoint_report> endpoints;  ///< by id
};

/// Sends the full snapshot to an edge that connects, then deltas: one at a time, so that changes that come faster than
/// acks are folded into one. A change costs what it touches, however much there is. Belongs to control's worker.
class publisher {
public:
    /// `socket`: the listening unix socket that the supervisor made. `peer_uid`: who may connect (SO_PEERCRED).
    /// `on_ask`: a handshake waits for a certificate for this name.
    publisher(net::worker& home, int socket, unsigned peer_uid, std::function<void()> on_edge_change,
              std::function<void(const std::string&)> on_ask);
    ~publisher();

    /// Accepts edges until cancelled; then those that are connected are dropped. Nothing is sent before the first
    /// publish().
    task<void> run();

    /// From now on edges shall have what `step` makes of current(). Returns its version; a step that changes nothing
    /// makes none. `provisional`: the last good snapshot from the disk, sent only to an edge that has none at all.
    enum class standing { provisional, current };
    std::uint64_t publish(model::delta step, standing how = standing::current);

    /// Makes a new ticket key where it is time, and tells the edges. Called each minute by run().
    void renew_ticket_keys(wall_clock::time_point now);

    const model::snapshot& current() const { return wanted_; }
    std::uint64_t version() const { return version_; }

    /// The edge that connected last; a draining older one may still be connected beside it.
    const edge_view& edge() const { return view_; }

private:
    class session;

    task<void> accept();
    task<void> keep_renewing();
    task<void> serve(std::unique_ptr<net::stream> edge);

    net::worker& home_;
    net::listener listener_;
    unsigned peer_uid_;
    std::function<void()> on_edge_change_;
    std::function<void(const std::string&)> on_ask_;
    ticket_rotation tickets_;
    model::snapshot wanted_;
    std::uint64_t version_ = 0;
    standing standing_ = standing::current;
    edge_view view_;
    std::vector<session*> sessions_;
    net::task_group tasks_;
};

}  // namespace lintel::link
