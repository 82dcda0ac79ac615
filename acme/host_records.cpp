#include "acme/host_records.hpp"

#include "net/dns_channel.hpp"
#include "net/event.hpp"

#include <algorithm>

namespace lintel::acme {

namespace {

/// What both questions brought so far.
struct both_families {
    explicit both_families(net::event_loop& home) : answered(home) {}

    void take(int family, net::dns_answer answer)
    {
        --open;
        failed |= answer.what == net::dns_answer::kind::failed;
        no_name |= answer.no_name;
        (family == AF_INET6 ? v6 : v4) = std::move(answer.addresses);
        answered.notify();
    }

    int open = 2;
    bool failed = false, no_name = false;
    std::vector<net::address> v6, v4;
    net::event answered;
};

bool is_reachable(const net::address& which)
{
    static const auto nowhere = net::network_set::parse(
        {"0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255", "::", "fe80::/10", "ff00::/8"});
    return !nowhere->contains(which);
}

/// `type`: "A" or "AAAA"; nothing for what was no record.
void add(host_records& all, std::string type, const net::address& where)
{
    bool mapped = type == "AAAA" && where.family() == AF_INET;
    auto text = type + (type.empty() ? "" : " ") + (mapped ? "::ffff:" : "") + where.ip();
    if (mapped || !is_reachable(where)) {
        all.unreachable = text;
    } else if (all.all.size() < host_records::most) {
        all.all.push_back({text, where});
    }
}

host_records in_turn(const both_families& found)
{
    host_records out{.all = {}, .unreachable = "", .no_name = found.no_name, .failed = found.failed || found.open > 0};
    for (std::size_t i = 0; i < std::max(found.v6.size(), found.v4.size()); ++i) {
        if (i < found.v6.size()) add(out, "AAAA", found.v6[i]);
        if (i < found.v4.size()) add(out, "A", found.v4[i]);
    }
    return out;
}

}  // namespace

task<host_records> records_of(net::worker& home, std::vector<net::address> resolvers, std::string name, duration limit)
{
    if (auto literal = net::address::of_ip(name, 0)) {
        host_records itself;
        add(itself, "", *literal);
        co_return itself;
    }
    auto end = steady_clock::now() + limit;
    both_families found(home);
    net::dns_channel channel(home, resolvers);  // last: as it goes it answers what is still asked
    for (int family : {AF_INET6, AF_INET}) {
        channel.ask(name + '.', family,
                    [&found, family](net::dns_answer answer) { found.take(family, std::move(answer)); });
    }
    while (found.open > 0 && steady_clock::now() < end) co_await found.answered.wait_until(end);
    co_return in_turn(found);
}

net::address with_port(const net::address& which, std::uint16_t port)
{
    return net::address::of_ip(which.ip(), port).value();
}

}  // namespace lintel::acme
