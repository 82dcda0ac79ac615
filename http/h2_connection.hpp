#pragma once
// The server's side of an HTTP/2 connection: exchanges, many at a time.

#include "http/client_connection.hpp"
#include "http/connection_book.hpp"
#include "http/h2_budget.hpp"
#include "http/h2_exchange.hpp"
#include "http/h2_frame_rules.hpp"
#include "http/h2_link.hpp"
#include "net/task_group.hpp"

#include <memory>
#include <vector>

namespace lintel::http {

/// Hears of clients that cost more than they should: how, and whether their connection ends for it.
using attack_observer = std::function<void(const net::stream& client, h2_attack how, bool ends)>;

/// Serves one client connection until it ends. While idle it owns no buffer and no exchange.
class h2_connection final : public client_connection, h2_link, h2_session::events {
public:
    /// `limits` and `book` must outlive it.
    h2_connection(net::worker& home, std::unique_ptr<net::stream> client, const connection_limits& limits,
                  connection_book& book);
    h2_connection(const h2_connection&) = delete;
    ~h2_connection();

    struct observers {
        handler answer;            ///< called for each request; many run at the same time
        refusal_observer refused;  ///< of malformed requests, which are answered here
        attack_observer attacked;
    };
    /// Until either side closes. `by` must outlive the call.
    task<void> serve(const observers& by);

    void drain() override;
    void close() override;
    bool leave_if_idle() override;

private:
    struct leaving;

    task<void> read();
    void receive(std::string_view bytes);
    void start_begun();
    task<void> answer(h2_exchange& one);
    void finished(h2_exchange& one);
    task<void> write();
    void produce();
    void renew_read_deadline();
    void read_too_late();
    void give_up(h2_attack why);
    void break_off(h2_code why, std::optional<h2_attack> known);
    void stop_reading();
    task<void> go_away();
    task<void> linger();

    net::worker& home() override { return home_; }
    net::stream& client() override { return *client_; }
    const connection_limits& limits() const override { return limits_; }
    h2_session& session() override { return session_; }
    void push() override;
    void begun(h2_exchange& which) override;
    void note(h2_attack what) override;
    void excuse(h2_attack what) override { budget_.excuse(what); }

    h2_stream* on_stream(h2_stream_id id) override;
    void on_invalid_request() override;
    void on_reset_sent(h2_code why) override;
    void on_data_sent(std::size_t bytes, bool starved) override { budget_.on_sent(bytes, starved); }
    void on_pong() override;

    net::worker& home_;
    std::unique_ptr<net::stream> client_;
    const connection_limits& limits_;
    h2_session session_;
    h2_frame_scanner frames_;
    h2_frame_rules rules_;
    h2_budget budget_;
    const observers* by_ = nullptr;
    std::vector<std::unique_ptr<h2_exchange>> streams_;  ///< until their tasks have ended
    std::vector<h2_exchange*> begun_;                    ///< of them: their heads are here, their tasks don't run yet
    std::size_t running_ = 0;                            ///< tasks, also of streams that the client has given up
    h2_exchange* opening_ = nullptr;                     ///< its head is not whole
    net::buffer input_, output_;
    net::event output_due_, pong_;
    std::uint64_t served_ = 0;
    time_point idle_since_, had_to_wait_, head_since_ = time_point::max();
    bool receiving_ = false, writing_ = false, ending_ = false, done_ = false, draining_ = false, refusing_ = false;
    bool preface_seen_ = false;
    bool large_ = false;             ///< the last write filled a block
    bool waits_for_urgent_ = false;  ///< they have their next turn before others
    net::task_group writer_, tasks_;
    connection_book::entry place_;  // last: who finds us in the book may close us
};

}  // namespace lintel::http
