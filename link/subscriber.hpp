#pragma once
// The edge's side of the link: dials control, applies what comes, reports back.

#include "link/messages.hpp"
#include "model/snapshot.hpp"
#include "net/event.hpp"
#include "net/stream.hpp"
#include "net/worker.hpp"

#include <deque>
#include <functional>
#include <string>

namespace lintel::link {

/// Belongs to the edge's link thread. While control is away the last state stays in force; reports wait (the newest
/// per endpoint) and go out after the next hello.
class subscriber {
public:
    struct callbacks {
        /// Puts `step` in force and returns once no request can start on an older state.
        std::function<task<std::vector<rejection>>(const model::delta& step)> apply;
        std::function<void(const std::vector<std::string>& newest_first)> use_ticket_keys;
        /// No certificate comes for this name, that was asked for.
        std::function<void(const std::string& name)> refuse;
        /// Said again after each hello, so that a control that restarted knows.
        std::function<std::vector<endpoint_report>()> endpoints;
    };

    /// `path` of control's socket, relative to the working folder (so that its 108 bytes and the rights of the folders
    /// above don't matter). `edge`: this process's id.
    subscriber(net::worker& home, std::string path, std::string edge, callbacks calls);

    /// Dials and reconnects until cancelled.
    task<void> run();

    /// Sends when connected; dropped otherwise (stats are cumulative, endpoints are said again).
    void report(message what);

private:
    task<void> converse(net::stream& control);
    task<bool> greet(net::stream& control);
    void take_keys(const hello& control);
    task<void> receive(net::stream& control);
    task<void> send(net::stream& control);

    net::worker& home_;
    std::string path_, edge_;
    std::vector<ticket_key> ticket_keys_;
    callbacks calls_;
    bool connected_ = false, serving_ = false;
    std::deque<std::string> queue_;
    net::event queued_;
};

}  // namespace lintel::link
