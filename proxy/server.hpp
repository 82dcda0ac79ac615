#pragma once
// One worker's part of the front door: accepts, serves, drains.

#include "http/h1_connection.hpp"
#include "http/h2_connection.hpp"
#include "net/listener.hpp"
#include "net/task_group.hpp"
#include "proxy/arrival.hpp"
#include "proxy/outcome.hpp"
#include "proxy/worker_state.hpp"

#include <list>
#include <memory>
#include <vector>

namespace lintel::proxy {

class admitted;

/// Belongs to its worker: call every member there.
class server {
public:
    explicit server(worker_state& worker);
    ~server();

    /// Starts accepting from a shared listening socket for one entrypoint (its index in the settings).
    void accept_from(std::size_t entrypoint, int socket);

    /// Takes the connections that are queued, then no more; idle connections close, requests finish. Calls `done` when
    /// all connections have ended, at the latest at `end`, when what is left is cut.
    void begin_drain(time_point end, std::function<void()> done);

private:
    task<void> drain(time_point end, std::function<void()> done);
    task<void> accept(std::size_t entrypoint, net::listener& from);
    bool admit(std::size_t entrypoint, net::stream& client);
    task<void> serve(std::size_t entrypoint, std::unique_ptr<net::stream> client);
    task<std::unique_ptr<net::stream>> find_out(std::size_t entrypoint, std::unique_ptr<net::stream> client,
                                                time_point end, admitted& counted_in);
    task<void> pass_on(std::size_t entrypoint, arrival from, time_point end);
    task<std::unique_ptr<net::stream>> shake_hands(std::unique_ptr<net::stream> client, time_point end);
    task<bool> speaks_h2(std::size_t entrypoint, std::unique_ptr<net::stream>& client);
    task<void> serve_h2(std::size_t entrypoint, std::unique_ptr<net::stream> client);
    task<void> answer(http::exchange& exchange, std::size_t entrypoint);
    bool belongs_here(const route& matched, const net::stream::security& agreed, std::string_view host) const;
    now_or_later<outcome> answer_route(http::exchange& exchange, std::size_t entrypoint, const route_ptr& route,
                                       access_record& record);
    task<void> tell(http::exchange& exchange, const outcome& what, access_record& record);
    void note_attack(std::size_t entrypoint, const net::stream& client, http::h2_attack how, bool ends);
    void note_refused(std::size_t entrypoint, const net::stream& client, int status, error_code why);

    /// Who answers what comes in by one entrypoint.
    using door = http::h2_connection::observers;

    worker_state& worker_;
    std::vector<door> doors_;  ///< by the index of the entrypoint
    std::vector<std::unique_ptr<net::listener>> listeners_;
    std::list<net::stream*> shaking_hands_;
    std::list<net::stream*> undecided_;  ///< may speak HTTP/2 in clear text, and have not said enough
    bool draining_ = false;
    net::task_group accepting_, connections_, housekeeping_;
};

}  // namespace lintel::proxy
