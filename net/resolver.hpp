#pragma once
// Names → addresses, for one worker. The only door to c-ares.

#include "net/address.hpp"
#include "net/stream.hpp"
#include "net/worker.hpp"

#include <memory>
#include <string>
#include <vector>

namespace lintel::net {

/// Resolves through c-ares (/etc/hosts, resolv.conf), both families, and keeps answers for their TTL. When the name
/// server fails, the last good answer stays in use.
class resolver {
public:
    explicit resolver(worker& home);
    ~resolver();

    /// An IP address is itself. Errors: `name_not_found`, `resolver_failed`.
    task<result<std::vector<address>>> resolve(std::string host, std::uint16_t port);

private:
    class channel;
    std::unique_ptr<channel> channel_;
};

/// Connects to the first address that takes us, each within `limit`.
task<result<std::unique_ptr<stream>>> connect_host(worker& home, resolver& names, std::string host, std::uint16_t port,
                                                   duration limit);

}  // namespace lintel::net
