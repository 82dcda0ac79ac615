// Dynamic updates of a zone (RFC 2136).

#include "acme/dns_challenge.hpp"
#include "acme/dns_zone.hpp"
#include "acme/tsig.hpp"
#include "base/text.hpp"
#include "net/connect_host.hpp"
#include "net/dns_exchange.hpp"
#include "net/dns_message.hpp"
#include "net/dns_query.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace lintel::acme {

using namespace std::chrono_literals;
using net::dns_type;

namespace {

constexpr duration patience = 15s;
constexpr std::uint16_t dns_port = 53;
constexpr unsigned class_none = 254;
constexpr unsigned longest_string_bytes = 255;

/// HOST, HOST:PORT, an IPv6 address alone or [ADDRESS]:PORT. None: something else.
std::optional<net::host_port> server_of(std::string_view text)
{
    if (net::address::of_ip(text, 0)) {
        if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
        return net::host_port{std::string(text), dns_port};
    }
    auto colon = text.rfind(':');
    auto host = text.substr(0, colon);
    std::optional<std::uint64_t> port = dns_port;
    if (colon != std::string_view::npos) port = text::parse_decimal(text.substr(colon + 1));
    if (!port || *port == 0 || *port > 65535) return {};
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty() || (host.contains(':') && !net::address::of_ip(host, 0))) return {};
    return net::host_port{std::string(host), static_cast<std::uint16_t>(*port)};
}

/// One or more character strings (RFC 1035 §3.3.14).
std::string text_data(std::string_view value)
{
    net::dns_builder out;
    do {
        auto part = value.substr(0, longest_string_bytes);
        out.u8(static_cast<unsigned>(part.size())).bytes(part);
        value.remove_prefix(part.size());
    } while (!value.empty());
    return out.text();
}

enum class change { add, remove };

/// RFC 2136 §2: the zone, no prerequisites, one change. Others' values of the same name stay (§2.5.1, §2.5.4).
std::optional<std::string> update_message(change what, const std::string& zone, const std::string& record,
                                          const std::string& value, std::int32_t ttl_seconds)
{
    bool adds = what == change::add;
    auto data = text_data(value);
    net::dns_builder out;
    out.bytes(net::random_dns_id()).u16(net::dns_flag::update).u16(1).u16(0).u16(1).u16(0);
    out.name(zone).u16(std::to_underlying(dns_type::soa)).u16(net::dns_class_in);
    out.name(record).u16(std::to_underlying(dns_type::txt)).u16(adds ? net::dns_class_in : class_none);
    out.u32(adds ? static_cast<std::uint32_t>(ttl_seconds) : 0);
    out.u16(static_cast<unsigned>(data.size())).bytes(data);
    if (!out.good()) return {};
    return out.text();
}

class rfc2136_writer final : public dns_writer {
public:
    rfc2136_writer(net::worker& home, rfc2136_settings how, net::host_port server, std::optional<tsig_key> key,
                   std::vector<net::address> resolvers)
        : home_(home),
          how_(std::move(how)),
          server_(std::move(server)),
          key_(std::move(key)),
          resolvers_(std::move(resolvers)),
          names_(home, resolvers_)
    {
    }

    task<checked<void>> present(std::string record, std::string value) override
    {
        return update(change::add, std::move(record), std::move(value));
    }
    task<checked<void>> clean_up(std::string record, std::string value) override
    {
        return update(change::remove, std::move(record), std::move(value));
    }

private:
    task<checked<void>> update(change what, std::string record, std::string value)
    {
        record = net::canonical_dns_name(record);
        auto zone = net::canonical_dns_name(how_.zone);
        if (zone.empty()) {
            auto found = co_await zone_of(home_, resolvers_, record, patience);
            if (!found) co_return std::unexpected(found.error());
            zone = std::move(*found);
        }
        if (!net::is_within_zone(record, zone)) co_return wrong(record + " is not within the zone " + zone);
        auto message = update_message(what, zone, record, value, how_.ttl_seconds);
        if (!message) co_return wrong(text::printable(record) + " in " + text::printable(zone) + " is no name");

        signed_message request{*message, {}};
        if (key_) request = sign(*key_, *message, wall_clock::now());
        auto answer = co_await exchange(request.bytes);
        if (!answer) co_return wrong("no answer to the update: " + answer.error().message());
        co_return judge(*answer, request.mac, zone, record);
    }

    task<result<std::string>> exchange(std::string message)
    {
        auto end = steady_clock::now() + patience;
        auto line = co_await net::connect_host(home_, names_, server_.host, server_.port, patience);
        if (!line) co_return line.error();
        co_return co_await net::exchange_on(**line, std::move(message), end);
    }

    /// That something was done is believed only of who has the key; that it wasn't, of anybody.
    checked<void> judge(std::string_view answer, std::string_view mac, const std::string& zone,
                        const std::string& record) const
    {
        auto message = net::read_dns_message(answer);
        if (!message) return wrong("its answer can't be read");
        auto seen = key_ ? verify(*key_, answer, mac, wall_clock::now()) : tsig_verdict{tsig_verdict::kind::good};
        bool done = message->rcode() == 0;
        if (done && seen.what == tsig_verdict::kind::good) return {};
        bool about_the_key =
            done || (seen.what != tsig_verdict::kind::good && seen.what != tsig_verdict::kind::unsigned_answer);
        return wrong(about_the_key ? why_of_key(seen) : why_of_code(message->rcode(), zone, record));
    }

    std::string why_of_key(const tsig_verdict& seen) const
    {
        using kind = tsig_verdict::kind;
        auto key = "TSIG key \"" + text::printable(key_->name) + "\"";
        switch (seen.what) {
            case kind::bad_key:
                return "it knows no " + key + " with " + key_->algorithm +
                       " (BADKEY): compare the key's name and algorithm with the server's configuration";
            case kind::bad_signature:
                return "the secret of the " + key + " is not the one that the server has (BADSIG)";
            case kind::bad_time:
                return "its clock is " + std::to_string(std::abs(seen.server_ahead.count())) + " s " +
                       (seen.server_ahead.count() < 0 ? "behind" : "ahead of") +
                       " ours (BADTIME): set the clocks right";
            case kind::bad_truncation: return "it wants longer signatures than " + key_->algorithm + " has (BADTRUNC)";
            case kind::unsigned_answer: return "its answer is not signed, though the update was, and can't be trusted";
            default: return "the signature of its answer does not fit the " + key + ", so it can't be trusted";
        }
    }

    std::string why_of_code(unsigned rcode, const std::string& zone, const std::string& record) const
    {
        auto name = " (" + net::dns_rcode_name(rcode) + ")";
        auto who = key_ ? "the TSIG key \"" + text::printable(key_->name) + "\"" : "updates without a TSIG key";
        switch (rcode) {
            case 5:
                return "it refuses the update" + name + ": allow " + who + " to change TXT records of " + record +
                       " in the zone " + zone + " (allow-update or update-policy of BIND, acl of Knot)";
            case 9: return "it is not the primary server of the zone " + zone + name;
            case 10: return record + " is not within its zone " + zone + name;
            case 4: return "it does no dynamic updates" + name;
            case 2: return "it failed" + name + ": its log says why; often it may not write the zone's journal";
            default: return "it answered" + name + " to the update of " + record + " in the zone " + zone;
        }
    }

    std::unexpected<problem> wrong(std::string what) const
    {
        return std::unexpected(problem{"name server " + how_.server, std::move(what)});
    }

    net::worker& home_;
    rfc2136_settings how_;
    net::host_port server_;
    std::optional<tsig_key> key_;
    std::vector<net::address> resolvers_;
    net::resolver names_;
};

}  // namespace

checked<std::unique_ptr<dns_writer>> make_rfc2136_writer(net::worker& home, rfc2136_settings how,
                                                         std::vector<net::address> resolvers)
{
    auto where = "rfc2136 " + text::printable(how.server);
    auto server = server_of(how.server);
    if (!server) return std::unexpected(problem{where, "the server is HOST or HOST:PORT, [ADDRESS]:PORT for IPv6"});
    if (how.ttl_seconds < 0) return std::unexpected(problem{where, "the TTL must not be negative"});
    if (how.key_name.empty() != how.secret.empty())
        return std::unexpected(problem{where, "a TSIG key has a name and a secret, or there is neither"});
    std::optional<tsig_key> key;
    if (!how.key_name.empty()) {
        auto made = make_tsig_key(how.key_name, how.algorithm, how.secret);
        if (!made) return std::unexpected(problem{where + ", " + made.error().where, made.error().what});
        key = std::move(*made);
    }
    if (resolvers.empty()) resolvers = net::system_name_servers();
    return std::make_unique<rfc2136_writer>(home, std::move(how), std::move(*server), std::move(key),
                                            std::move(resolvers));
}

}  // namespace lintel::acme
