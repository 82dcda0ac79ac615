#pragma once
// Bytes both ways after a WebSocket's upgrade.

#include "http/exchange.hpp"
#include "http/websocket.hpp"
#include "net/worker.hpp"

#include <cstdint>

namespace lintel::http {

/// Two ends of one conversation. Belongs to one worker.
class tunnel {
public:
    /// `longest_silence`: when both sides have said nothing for so long they are cut; zero = never.
    tunnel(net::worker& home, tunnel_end client, tunnel_end upstream, duration longest_silence = {});

    struct totals {
        std::uint64_t from_client = 0, from_upstream = 0;
    };

    /// Copies until both sides have ended, or one fails or is closed from outside. An end on one side is passed on as
    /// an end; the other direction goes on. Call once.
    task<totals> run();

    /// Puts a close frame (1001) behind the frame that the client is getting now and sends it nothing after it. The
    /// client's answer goes upstream as ever, so that both sides close in good order.
    void say_goodbye();

private:
    /// Sees to it that silence ends.
    struct silence final : net::deadline {
        silence(tunnel& owner, duration longest);
        void late() override;
        void broken() { last_ = steady_clock::now(); }

        tunnel& owner_;
        duration longest_;
        time_point last_ = steady_clock::now();
    };

    task<void> copy_request();
    task<void> copy_response();
    task<result<void>> pass_to_client(std::string_view bytes);
    void cut();

    net::worker& home_;
    tunnel_end client_, upstream_;
    totals totals_;
    websocket_frames frames_;
    silence silence_;
    bool leaving_ = false, goodbye_said_ = false, writing_ = false;
};

}  // namespace lintel::http
