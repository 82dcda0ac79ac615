#pragma once
// Bytes both ways between a client and an upstream, whatever they mean.

#include "net/stream.hpp"
#include "net/worker.hpp"
#include "proxy/outcome.hpp"

#include <cstdint>

namespace lintel::proxy {

/// Belongs to one worker. While both sides are silent it holds no buffer and no pipe.
class tcp_relay {
public:
    /// The streams outlive the relay. `longest_silence`: when both sides have said nothing for so long they are cut;
    /// zero = never.
    tcp_relay(net::worker& home, net::stream& client, net::stream& upstream, duration longest_silence);

    /// Copies until both sides have ended, or one fails or is cut. An end on one side is passed on as an end; the other
    /// direction goes on. Returns what broke it off first: `client_gone`, `response_cut` (the upstream), `silent`.
    task<fault> run();

    struct totals {
        std::uint64_t from_client = 0, from_upstream = 0;
    };
    const totals& passed() const { return totals_; }

private:
    /// Sees to it that silence ends.
    struct silence final : net::deadline {
        silence(tcp_relay& owner, duration longest);
        void late() override;

        tcp_relay& owner_;
        duration longest_;
        time_point last_;
    };

    enum class how { more, end, source_failed, sink_failed };
    task<void> copy(net::stream& from, net::stream& to, std::uint64_t& passed);
    task<how> copy_a_buffer(net::stream& from, net::stream& to, net::buffer& buffer, std::uint64_t& passed);
    task<how> splice(net::stream& from, net::stream& to, std::uint64_t& passed);
    void note(std::uint64_t& passed, std::size_t count);
    void break_off(fault why);

    net::worker& home_;
    net::stream &client_, &upstream_;
    totals totals_;
    fault broken_ = fault::none;
    silence silence_;
};

}  // namespace lintel::proxy
