#include "acme/preflight.hpp"

#include "acme/certificate_key.hpp"
#include "acme/host_records.hpp"
#include "acme/probe.hpp"
#include "base/crypto.hpp"
#include "base/text.hpp"
#include "net/task_group.hpp"
#include "tls/certificate.hpp"

#include <algorithm>

namespace lintel::acme {

namespace {

using enum probe_outcome::kind;
using verdict = preflight_report::verdict;

constexpr std::size_t most_sentences = 3;

/// What we show for looks at a name by one type, on the board from show() until it goes.
class exhibit {
public:
    exhibit(challenge_board& board, const std::string& name, challenge_type type) : board_(board)
    {
        type == challenge_type::http_01 ? add_token(name) : add_certificate(name);
    }
    ~exhibit() { board_.take_down(challenges_); }
    exhibit(const exhibit&) = delete;

    task<bool> show() { return board_.show(challenges_); }

    const model::challenge& token() const { return token_; }
    const model::challenge& certificate() const { return certificate_; }
    std::string fingerprint() const { return tls::inspect_certificate(certificate_.chain_pem).value().fingerprint; }

private:
    /// 128 bits, as a CA's (RFC 8555 §8.1); what takes the place of the account's thumbprint is as random.
    static std::string new_token() { return crypto::random_hex(16); }
    static std::string authorization_of(const std::string& token) { return token + '.' + crypto::random_hex(32); }

    void add_token(const std::string& name)
    {
        auto token = new_token();
        token_ = {.kind = model::challenge_kind::http_01,
                  .name = name,
                  .token = token,
                  .key_authorization = authorization_of(token),
                  .chain_pem = "",
                  .key_pem = ""};
        challenges_.push_back(token_);
    }

    void add_certificate(const std::string& name)
    {
        auto pair = challenge_certificate(name, authorization_of(new_token()));
        certificate_ = {.kind = model::challenge_kind::tls_alpn_01,
                        .name = challenge_server_name(name),
                        .token = "",
                        .key_authorization = "",
                        .chain_pem = std::move(pair.chain_pem),
                        .key_pem = std::move(pair.key_pem)};
        challenges_.push_back(certificate_);
    }

    challenge_board& board_;
    std::vector<model::challenge> challenges_;
    model::challenge token_, certificate_;
};

/// One look at one address.
struct attempt {
    challenge_type by;
    std::string record;  ///< for people
    net::address where;  ///< with the port
    probe_outcome result{};
};

/// DNS-01 needs no address: there is nothing to look at.
bool looks_at_addresses(challenge_type type) { return type != challenge_type::dns_01; }

std::vector<attempt> attempts_at(const host_records& found, challenge_type type, const preflight_settings& how)
{
    std::vector<attempt> out;
    auto port = type == challenge_type::http_01 ? how.http_port : how.tls_port;
    for (const auto& each : found.all) out.push_back({type, each.text, with_port(each.where, port)});
    return out;
}

task<void> keep(task<probe_outcome> look, probe_outcome& into) { into = co_await std::move(look); }

bool works(challenge_type type, const std::vector<attempt>& tried)
{
    auto is_its = [&](const attempt& each) { return each.by == type; };
    bool looked = !looks_at_addresses(type) || std::ranges::any_of(tried, is_its);
    return looked &&
           std::ranges::all_of(tried, [&](const auto& each) { return !is_its(each) || each.result.what == ours; });
}

/// What one address did that a CA wouldn't take.
std::string sentence_about(const attempt& each)
{
    if (each.result.what == other) return each.record + " leads to another server: " + each.result.why;
    return "nobody answers at " + each.record + ", port " + std::to_string(each.where.port()) + ": " + each.result.why;
}

/// The first failures of this kind; one for each address where somebody answers, else one for each port.
std::string sentences(probe_outcome::kind kind, const std::vector<attempt>& tried)
{
    std::vector<std::string> out;
    std::string told;  // attempts at an address stand together
    for (const auto& each : tried) {
        if (each.result.what != kind || (kind == other && each.record == told)) continue;
        told = each.record;
        if (out.size() < most_sentences) out.push_back(sentence_about(each));
    }
    return text::join(out, "; ");
}

preflight_report judged(const std::vector<attempt>& tried, const std::vector<challenge_type>& types)
{
    preflight_report out;
    std::ranges::copy_if(types, std::back_inserter(out.working), [&](auto type) { return works(type, tried); });
    auto somebody_else = sentences(other, tried);
    if (!out.working.empty()) {
        out.what = verdict::works;
    } else if (!somebody_else.empty()) {
        out = {verdict::wrong, {}, std::move(somebody_else)};
    } else {
        out = {verdict::silent, {}, sentences(silent, tried)};
    }
    return out;
}

preflight_report without_address(const host_records& found, const std::string& name)
{
    if (!found.unreachable.empty()) {
        return {verdict::wrong, {}, found.unreachable + " is no address that a CA can reach: name this server's"};
    }
    if (found.failed) return {verdict::silent, {}, "the name servers gave no answer for " + text::printable(name)};
    auto lacks = found.no_name ? " does not exist in DNS" : " has no address in DNS";
    return {verdict::wrong, {}, text::printable(name) + lacks + ": add an A record to this server's address"};
}

preflight_report passed_by_dns() { return {verdict::works, {challenge_type::dns_01}, ""}; }

/// RFC 8555 §7.1.3 leaves wildcards to the CA, and CAs to DNS-01.
preflight_report only_by_dns(const std::string& name)
{
    return {verdict::wrong, {}, text::printable(name) + " can be proven by DNS-01 only: set it up, or name the hosts"};
}

/// As it stands in URLs, SNI and certificates.
std::string plain(std::string name)
{
    if (auto literal = net::address::of_ip(name, 0)) return literal->ip();
    if (name.ends_with('.')) name.pop_back();
    return text::lower(name);
}

/// All attempts at once, each within the limit.
task<void> try_all(net::worker& home, http::fetcher& fetcher, const preflight_settings& how, const exhibit& shown,
                   std::vector<attempt>& attempts)
{
    net::task_group looks(home);
    for (auto& each : attempts) {
        const auto& token = shown.token();
        auto look = each.by == challenge_type::http_01
                        ? read_token({home, fetcher, how, each.where, token.name, token.token, token.key_authorization})
                        : see_certificate(home, each.where, shown.certificate().name, shown.fingerprint(), how.limit);
        looks.spawn("preflight", keep(std::move(look), each.result));
    }
    co_await looks.alongside(looks.join());
}

}  // namespace

task<preflight_report> look_ahead(net::worker& home, http::fetcher& fetcher, challenge_board& board,
                                  const preflight_settings& how, std::string name, std::vector<challenge_type> types)
{
    name = plain(std::move(name));
    bool by_dns = std::ranges::find(types, challenge_type::dns_01) != types.end();
    bool by_address = !name.starts_with("*.") && std::ranges::any_of(types, looks_at_addresses);
    if (!by_address) co_return by_dns ? passed_by_dns() : only_by_dns(name);

    auto found = co_await records_of(home, how.resolvers, name, how.limit);
    if (found.all.empty()) co_return by_dns ? passed_by_dns() : without_address(found, name);

    // One type after the other: where the first one works the others cost nothing.
    std::vector<attempt> tried;
    bool everywhere = true;
    for (auto type : types) {
        if (!looks_at_addresses(type) || (!tried.empty() && works(tried.back().by, tried))) continue;
        exhibit shown(board, name, type);
        everywhere = co_await shown.show() && everywhere;
        auto looks = attempts_at(found, type, how);
        co_await try_all(home, fetcher, how, shown, looks);
        std::ranges::move(looks, std::back_inserter(tried));
    }
    std::ranges::sort(tried, {}, [](const auto& each) { return std::pair(each.record, each.by); });
    auto report = judged(tried, types);
    if (everywhere || report.what == verdict::works) co_return report;
    co_return preflight_report{verdict::silent, {}, "this server could not show its probe in time; " + report.why};
}

}  // namespace lintel::acme
