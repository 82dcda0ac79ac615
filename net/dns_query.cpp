#include "net/dns_query.hpp"

#include "base/text.hpp"
#include "net/dns_exchange.hpp"
#include "net/dns_message.hpp"
#include "net/error.hpp"
#include "net/socket.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace lintel::net {

using namespace std::chrono_literals;

namespace {

constexpr duration first_patience = 2s;
constexpr int rounds = 3;
constexpr std::uint16_t dns_port = 53;

dns_reply failed(std::string why) { return {dns_reply::kind::failed, {}, {}, std::move(why)}; }

std::optional<std::string> question(std::string_view name, dns_type type, bool recursion)
{
    dns_builder out;
    out.u16(0).u16(recursion ? dns_flag::recursion_wanted : 0).u16(1).u16(0).u16(0).u16(0);
    out.name(name).u16(std::to_underlying(type)).u16(dns_class_in);
    if (!out.good()) return {};
    return out.text();
}

/// TXT: character strings one behind the other (RFC 1035 §3.3.14).
std::optional<std::string> joined_strings(std::string_view data)
{
    std::string text;
    for (dns_reader from(data); from.at() < data.size();) {
        text += from.bytes(from.u8());
        if (!from.good()) return {};
    }
    return text;
}

/// RFC 8659 §4.1.
std::optional<std::string> caa_text(std::string_view data)
{
    dns_reader from(data);
    auto flags = from.u8();
    auto tag = from.bytes(from.u8());
    if (!from.good()) return {};
    return std::to_string(flags) + ' ' + text::lower(tag) + ' ' + std::string(data.substr(from.at()));
}

std::optional<std::string> value_of(const dns_record& record, std::string_view message)
{
    auto data = message.substr(record.data_at, record.data_size);
    switch (dns_type{record.type}) {
        case dns_type::txt: return joined_strings(data);
        case dns_type::caa: return caa_text(data);
        case dns_type::soa: return record.owner;
        case dns_type::ns:
        case dns_type::cname: {
            dns_reader from(message, record.data_at);
            auto name = from.name();
            if (!from.good()) return {};
            return name;
        }
    }
    return {};
}

bool has(const std::vector<dns_record>& records, dns_type type)
{
    return std::ranges::find(records, std::to_underlying(type), &dns_record::type) != records.end();
}

/// An answer that holds no value (RFC 2308 §2).
dns_reply negative(const dns_message& message, std::string_view name)
{
    bool is_alias = std::ranges::any_of(message.answers, [&](const dns_record& each) {
        return each.owner == name && each.type == std::to_underlying(dns_type::cname);
    });
    bool refers = has(message.authority, dns_type::ns) && !has(message.authority, dns_type::soa) &&
                  (message.flags & dns_flag::authoritative) == 0;
    if (refers && !is_alias) return failed("it refers to other servers in place of an answer");

    dns_reply reply{dns_reply::kind::absent, {}, {}, {}};
    if (is_alias) return reply;  // code and zone are those of what the alias stands for (RFC 6604 §3)
    if (message.rcode() == 3) reply.what = dns_reply::kind::no_name;
    for (const auto& each : message.authority) {
        bool names_zone = each.type == std::to_underlying(dns_type::soa) && is_within_zone(name, each.owner);
        if (names_zone) reply.zone = each.owner;
    }
    return reply;
}

dns_reply reply_of(std::string_view bytes, std::string_view name, dns_type type)
{
    auto message = read_dns_message(bytes);
    if (!message) return failed("an answer that can't be read");
    if (message->rcode() != 0 && message->rcode() != 3) return failed(dns_rcode_name(message->rcode()));
    dns_reply reply{dns_reply::kind::found, {}, {}, {}};
    for (const auto& each : message->answers) {
        bool wanted = each.owner == name && each.type == std::to_underlying(type) && each.in_class == dns_class_in;
        if (!wanted) continue;
        auto value = value_of(each, bytes);
        if (!value) return failed("a record that can't be read");
        reply.values.push_back(std::move(*value));
    }
    return reply.values.empty() ? negative(*message, name) : reply;
}

/// What is cut short as a datagram is asked again on a connection (RFC 7766 §5).
task<result<std::string>> ask(worker& home, address server, std::string message, time_point end)
{
    auto answer = co_await exchange_datagrams(home, server, message, end);
    if (!answer || (dns_reader(*answer, 2).u16() & dns_flag::truncated) == 0) co_return answer;
    auto line = co_await connect(home, server, end - steady_clock::now());
    if (!line) co_return line.error();
    message.replace(0, 2, random_dns_id());
    co_return co_await exchange_on(**line, std::move(message), end);
}

}  // namespace

task<dns_reply> query(worker& home, std::vector<address> servers, std::string name, dns_type type, bool recursion,
                      duration limit)
{
    auto end = steady_clock::now() + limit;
    name = canonical_dns_name(name);
    auto message = question(name, type, recursion);
    if (!message) co_return failed("\"" + text::printable(name) + "\" is no name");

    auto last = failed("no name server to ask");
    auto patience = first_patience;
    for (int i = 0; i < rounds && !servers.empty(); ++i, patience *= 2) {
        std::vector<address> silent;
        for (const auto& server : servers) {
            if (steady_clock::now() >= end) co_return last;
            auto answer = co_await ask(home, server, *message, std::min(end, steady_clock::now() + patience));
            last = answer ? reply_of(*answer, name, type) : failed(answer.error().message());
            if (last.what != dns_reply::kind::failed) co_return last;
            last.why = server.to_string() + ": " + last.why;
            if (!answer && answer.error() == errc::timed_out) silent.push_back(server);
        }
        servers = std::move(silent);
    }
    co_return last;
}

std::vector<address> system_name_servers()
{
    std::ifstream file("/etc/resolv.conf");
    return name_servers_in(std::string(std::istreambuf_iterator<char>(file), {}));
}

std::vector<address> name_servers_in(std::string_view resolv_conf)
{
    std::vector<address> servers;
    for (auto line : text::split(resolv_conf, '\n')) {
        constexpr std::string_view key = "nameserver";
        line = text::trim(line);
        if (!line.starts_with(key)) continue;
        auto server = address::of_ip(text::trim(line.substr(key.size())), dns_port);
        if (server) servers.push_back(*server);
    }
    if (servers.empty()) servers.push_back(address::of_ip("127.0.0.1", dns_port).value());
    return servers;
}

}  // namespace lintel::net
