#pragma once
// Bytes both ways after a WebSocket's upgrade.

#include "http/exchange.hpp"
#include "http/websocket.hpp"
#include "net/worker.hpp"

#include <cstdint>

namespace lintel::http {

/// Two ends of one conversation. Belongs to one worker. While both are silent it holds no buffer.
class tunnel {
public:
    /// `longest_silence`: when both sides have said nothing for so long they are cut; zero = never.
    tunnel(net::worker& home, tunnel_end client, tunnel_end upstream, duration longest_silence = {});

    struct totals {
        std::uint64_t from_client = 0, from_upstream = 0;
    };

    /// Both copy until their side has ended, or one fails or is closed from outside. An end on one side is passed on as
    /// an end; the other direction goes on. Once each, at the same time.
    task<void> copy_request() { return copy(client_, upstream_, &tunnel::pass_upstream); }
    task<void> copy_response() { return copy(upstream_, client_, &tunnel::pass_to_client); }

    const totals& passed() const { return totals_; }

    /// Puts a close frame (1001) behind the frame that the client is getting now and sends it nothing after it. The
    /// client's answer goes upstream as ever, so that both sides close in good order.
    void say_goodbye();

    /// A side that failed ends both: half a conversation is none.
    void cut();

private:
    /// Sees to it that silence ends.
    struct silence final : net::deadline {
        silence(tunnel& owner, duration longest);
        void late() override;
        void broken() { last_ = owner_.home_.time(); }

        tunnel& owner_;
        duration longest_;
        time_point last_;
    };

    using passing = now_or_later<result<void>> (tunnel::*)(std::string_view bytes);
    task<void> copy(tunnel_end& from, tunnel_end& to, passing pass);
    now_or_later<result<void>> pass_upstream(std::string_view bytes);
    now_or_later<result<void>> pass_to_client(std::string_view bytes);
    task<result<void>> write_to_client(std::string_view bytes);

    net::worker& home_;
    tunnel_end client_, upstream_;
    totals totals_;
    websocket_frames frames_;
    silence silence_;
    bool leaving_ = false, goodbye_said_ = false, writing_ = false;
};

}  // namespace lintel::http
