#pragma once
// Listening sockets: made by the supervisor, polled by every worker of every edge.

#include "base/unique_fd.hpp"
#include "net/stream.hpp"
#include "net/worker.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

namespace lintel::net {

/// One socket per CPU with SO_REUSEPORT, all on one address (port 0: the first one picks it). An empty host and [::]
/// are every address of both families where IPv6 exists. A port that is taken, or an address that isn't ours, is the
/// problem; it names the process that listens there where /proc tells.
checked<std::vector<unique_fd>> bind_entrypoint(const host_port& where, std::size_t sockets);

/// A unix stream socket at `path`, replacing a stale one; `owner` −1 keeps the caller's, mode 0600. Paths longer than
/// the 107 bytes of a socket address work too.
checked<unique_fd> bind_unix(const std::filesystem::path& path, int owner = -1);

/// The address that a listening socket is bound to.
result<address> bound_address(int socket);

/// Accepts from one shared listening socket, for one worker. It never shuts the socket down: other processes listen on
/// it too. Errors of accept back off (10 ms to 0.3 s) and never end the loop.
class listener {
public:
    /// Borrows `socket`: the descriptor is duplicated, so that each listener polls one of its own. `relieve`: asked
    /// when there is no descriptor for a connection; true when it closed something.
    listener(worker& home, int socket, std::function<bool()> relieve = {});
    ~listener();

    /// The next connection; empty after stop(), once the connections that were queued before it have been taken.
    task<std::unique_ptr<stream>> accept();

    void stop();

private:
    class polled;
    task<void> pause_starved();

    worker& home_;
    std::function<bool()> relieve_;
    std::unique_ptr<polled> polled_;
};

}  // namespace lintel::net
