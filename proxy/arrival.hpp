#pragma once
// What is found out about a connection before anybody answers it, where that isn't clear from the entrypoint alone:
// whom a proxy in front speaks for, and whether a TCP router takes it.

#include "net/stream.hpp"
#include "proxy/routing/tcp_table.hpp"

#include <list>
#include <memory>
#include <string>

namespace lintel::proxy {

struct worker_state;

struct arrival {
    std::unique_ptr<net::stream> client;  ///< with all its bytes; null: it is cut
    tcp_route_ptr route;                  ///< null: it speaks HTTP, over TLS where the entrypoint does
    std::string server_name;              ///< of the ClientHello, where it was looked at
    bool asks_challenge = false;          ///< it gets a handshake and no more (RFC 8737), whoever has the name else
};

/// Keeps a connection in a list as long as this lives, for whoever ends those in it.
class listed {
public:
    listed(std::list<net::stream*>& list, net::stream& which) : list_(list), place_(list.insert(list.end(), &which)) {}
    listed(const listed&) = delete;
    ~listed() { list_.erase(place_); }

private:
    std::list<net::stream*>& list_;
    std::list<net::stream*>::iterator place_;
};

/// False: nothing has to be found out, the connection speaks HTTP and is its peer's own.
bool is_open_question(worker_state& worker, std::size_t entrypoint, const net::address& peer);

/// Reads as much as it takes: a PROXY header from those who must send one, and a ClientHello where TCP routers go by
/// names; both by `end`, and neither too long. Cut, too, where there is something to read and too many are looked at
/// already (max_handshakes). What is cut is counted. The connection stands in `looked_at` meanwhile, for whoever ends
/// it.
task<arrival> receive(worker_state& worker, std::size_t entrypoint, std::unique_ptr<net::stream> client, time_point end,
                      std::list<net::stream*>& looked_at);

}  // namespace lintel::proxy
