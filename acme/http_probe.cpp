#include "acme/host_records.hpp"
#include "acme/probe.hpp"
#include "acme/redirect.hpp"
#include "base/text.hpp"
#include "net/error.hpp"

#include <algorithm>
#include <array>

namespace lintel::acme {

namespace {

using fetched = std::expected<http::fetch_response, http::fetch_failure>;
using enum probe_outcome::kind;

constexpr int most_redirects = 10;
constexpr std::size_t most_addresses_elsewhere = 2;  // CAs go from IPv6 to IPv4 once
constexpr std::size_t limit_bytes = 64 * 1024;

/// Fields by which proxies in front of other people's servers give themselves away. An empty value: any.
struct trace {
    std::string_view field, value;
};
constexpr auto cdn_traces = std::to_array<trace>({{"server", "cloudflare"},
                                                  {"cf-ray", ""},
                                                  {"server", "cloudfront"},
                                                  {"x-amz-cf-id", ""},
                                                  {"x-fastly-request-id", ""},
                                                  {"server", "akamaighost"},
                                                  {"server", "bunnycdn"},
                                                  {"x-sucuri-id", ""}});

std::string field(const http::fetch_response& answer, std::string_view name)
{
    for (const auto& [each, value] : answer.fields) {
        if (each == name) return value;
    }
    return "";
}

bool comes_from_a_cdn(const http::fetch_response& answer)
{
    return std::ranges::any_of(cdn_traces, [&](const trace& each) {
        auto value = text::lower(field(answer, each.field));
        return !value.empty() && (each.value.empty() || value.starts_with(each.value));
    });
}

std::string described(const http::fetch_response& answer)
{
    auto out = std::to_string(answer.status);
    if (answer.status == 200) out += " with something else";
    if (auto server = field(answer, "server"); !server.empty()) out += " (Server: " + text::printable(server, 60) + ')';
    return out;
}

std::string described(const http::fetch_failure& failure)
{
    bool too_late = failure.code == boost::system::errc::timed_out || failure.code == net::errc::timed_out;
    return too_late ? "timed out" : failure.code.message();
}

/// Whether the failure is an answer all the same: of a server that speaks something else, or too much.
bool somebody_spoke(const http::fetch_failure& failure)
{
    namespace errc = boost::system::errc;
    return failure.code == errc::protocol_error || failure.code == errc::invalid_argument ||
           failure.code == errc::message_size;
}

/// RFC 8555 §8.3: white space at the end doesn't matter.
std::string_view without_tail(std::string_view body) { return body.substr(0, body.find_last_not_of(" \t\r\n") + 1); }

http::fetch_request request_for(const web_page& page, const net::address& where, duration limit)
{
    http::fetch_request request;
    request.url = page.url();
    request.connect_to = where.to_string();
    request.verify = false;
    request.fields = {{"Connection", "close"}};  // the next look shall find who is there then
    request.timeout = std::max<duration>(limit, std::chrono::milliseconds(1));
    request.limit_bytes = limit_bytes;
    return request;
}

/// Where CAs follow to: http on 80 and https on 443, or what stands for them here. 0: nowhere.
std::uint16_t knocked_port(const web_page& page, const preflight_settings& settings)
{
    auto ours = page.https ? settings.tls_port : settings.http_port;
    bool usual = page.port == (page.https ? 443 : 80) || page.port == ours;
    return usual ? ours : 0;
}

/// Where `page` is: at the address in question while it is the name's own, else where DNS has it.
task<std::vector<net::address>> places_of(const token_question& what, const web_page& page, time_point end)
{
    auto port = knocked_port(page, what.settings);
    if (page.host == what.name) co_return std::vector{with_port(what.where, port)};
    auto found = co_await records_of(what.home, what.settings.resolvers, page.host, end - steady_clock::now());
    std::vector<net::address> out;
    for (const auto& each : found.all) {
        if (out.size() < most_addresses_elsewhere) out.push_back(with_port(each.where, port));
    }
    co_return out;
}

task<fetched> read_page(const token_question& what, const web_page& page, time_point end)
{
    auto places = co_await places_of(what, page, end);
    fetched answer = std::unexpected(http::fetch_failure{net::errc::name_not_found, ""});
    for (const auto& each : places) {
        answer = co_await what.fetcher.fetch(request_for(page, each, end - steady_clock::now()));
        if (answer || somebody_spoke(answer.error())) break;
    }
    co_return answer;
}

/// `via`: the page that a redirect led to; null before the first.
probe_outcome judged(const token_question& what, const web_page* via, const fetched& answer)
{
    auto led = via ? "it redirected to " + text::printable(via->origin(), 100) + ", " : std::string();
    if (!answer) {
        if (!via && !somebody_spoke(answer.error())) return {silent, described(answer.error())};
        bool long_winded = answer.error().code == boost::system::errc::message_size;
        if (!via) return {other, long_winded ? "it answered at length" : "what it speaks is not HTTP"};
        return {other, led + "where no page was found (" + described(answer.error()) + ')'};
    }
    if (answer->status == 200 && without_tail(answer->body) == what.expected) return {ours, ""};
    auto why = via ? led + "which answered " : std::string("it answered ");
    why += described(*answer);
    if (comes_from_a_cdn(*answer))
        why += "; the name is proxied by a CDN: let /.well-known/acme-challenge/ pass through it, or use DNS-01";
    return {other, why};
}

}  // namespace

task<probe_outcome> read_token(token_question what)
{
    auto end = steady_clock::now() + what.settings.limit;
    web_page page{false, what.name, 80, "/.well-known/acme-challenge/" + what.token};
    for (int followed = 0;; ++followed) {
        auto answer = co_await read_page(what, page, end);
        if (!answer || !is_redirect(answer->status)) co_return judged(what, followed > 0 ? &page : nullptr, answer);

        auto next = redirected(page, field(*answer, "location"));
        if (!next) co_return probe_outcome{other, "it redirected (" + described(*answer) + ") to no page of the web"};
        if (followed == most_redirects) co_return probe_outcome{other, "it redirected again and again"};
        page = std::move(*next);
        if (knocked_port(page, what.settings) == 0)
            co_return probe_outcome{other, "it redirected to " + text::printable(page.origin(), 100) +
                                               ", and CAs follow to the ports 80 and 443 only"};
    }
}

}  // namespace lintel::acme
