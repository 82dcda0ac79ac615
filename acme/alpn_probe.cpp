#include "acme/probe.hpp"
#include "base/text.hpp"
#include "net/error.hpp"
#include "net/socket.hpp"
#include "tls/probe.hpp"
#include "tls/server.hpp"

namespace lintel::acme {

namespace {

constexpr const char* protocol = "acme-tls/1";

probe_outcome silent(const error_code& why)
{
    return {probe_outcome::kind::silent, why == net::errc::timed_out ? "timed out" : why.message()};
}

}  // namespace

task<probe_outcome> see_certificate(net::worker& home, net::address where, std::string server_name,
                                    std::string fingerprint, duration limit)
{
    auto end = steady_clock::now() + limit;
    auto connected = co_await net::connect(home, where, limit);
    if (!connected) co_return silent(connected.error());

    std::string why;
    auto seen = co_await tls::look_at_certificate(std::move(*connected), std::move(server_name), protocol,
                                                  end - steady_clock::now(), &why);
    if (!seen && seen.error() != tls::errc::handshake_failed) co_return silent(seen.error());
    using enum probe_outcome::kind;
    if (!seen) co_return probe_outcome{other, "it refused acme-tls/1 (" + text::printable(why) + ')'};
    if (seen->protocol != protocol) co_return probe_outcome{other, "it doesn't know acme-tls/1"};
    if (seen->fingerprint != fingerprint)
        co_return probe_outcome{other, "it showed a certificate of its own for acme-tls/1"};
    co_return probe_outcome{ours, ""};
}

}  // namespace lintel::acme
