#include "acme/prover.hpp"

#include "base/log.hpp"
#include "net/event.hpp"

#include <algorithm>
#include <array>

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr duration exec_limit = 2min;
constexpr duration propagation_limit = 5min;
constexpr duration validation_limit = 5min;
constexpr int most_polls = 60;

std::string authorization_of(const identity& who, const std::string& token)
{
    return token + '.' + who.key.thumbprint();
}

const offered_challenge* find(const authorization& what, challenge_type type)
{
    auto found = std::ranges::find(what.challenges, name_of(type), &offered_challenge::type);
    return found == what.challenges.end() ? nullptr : &*found;
}

/// The verdict of the CA in its own words.
failure refusal_of(const authorization& what)
{
    for (const auto& each : what.challenges) {
        if (each.error) return *each.error;
    }
    failure none;
    none.what = failure::kind::refused;
    none.detail = "the CA found the answer for " + what.name + " invalid and did not say why";
    return none;
}

model::challenge answer_by_http(const authorization& what, const std::string& token, const identity& who)
{
    model::challenge shown;
    shown.name = what.name;
    shown.token = token;
    shown.key_authorization = authorization_of(who, token);
    return shown;
}

model::challenge answer_by_tls(const authorization& what, const std::string& token, const identity& who)
{
    auto pair = challenge_certificate(what.name, authorization_of(who, token));
    model::challenge shown;
    shown.kind = model::challenge_kind::tls_alpn_01;
    shown.name = challenge_server_name(what.name);
    shown.chain_pem = std::move(pair.chain_pem);
    shown.key_pem = std::move(pair.key_pem);
    return shown;
}

/// Whatever happens, nothing stays up.
class shown_on {
public:
    shown_on(challenge_board& board, std::vector<model::challenge> what) : board_(board), what_(std::move(what)) {}
    shown_on(const shown_on&) = delete;
    ~shown_on() { board_.take_down(what_); }

private:
    challenge_board& board_;
    std::vector<model::challenge> what_;
};

}  // namespace

std::string_view name_of(challenge_type type)
{
    switch (type) {
        case challenge_type::http_01: return "http-01";
        case challenge_type::tls_alpn_01: return "tls-alpn-01";
        case challenge_type::dns_01: return "dns-01";
    }
    return "";
}

std::vector<challenge_type> usable_challenges(const issuer& whose, const std::string& name, int turn)
{
    auto all = whose.challenges;
    if (all.empty()) all = {challenge_type::http_01, challenge_type::tls_alpn_01, challenge_type::dns_01};
    bool wildcard = name.starts_with("*."), address = net::address::of_ip(name, 0).has_value();
    std::erase_if(all, [&](challenge_type each) {
        bool dns = each == challenge_type::dns_01;
        return dns ? address || !whose.has_dns() : wildcard;
    });
    if (all.empty()) return all;
    std::ranges::rotate(all, all.begin() + turn % std::ssize(all));
    return all;
}

duration poll_pause(std::optional<duration> retry_after, int asked)
{
    auto usual = std::min<duration>(250ms * (1 << std::min(asked, 5)), 5s);
    return std::clamp<duration>(retry_after.value_or(usual), 100ms, 1h);
}

std::unexpected<failure> too_slow(time_point again, std::string why)
{
    auto what = failed(failure::kind::unreachable, std::move(why));
    what.error().retry_after = again - steady_clock::now();
    return what;
}

prover::prover(net::worker& home, challenge_board& board, std::vector<net::address> resolvers)
    : home_(home), board_(board), resolvers_(std::move(resolvers))
{
}

prover::~prover() = default;

task<answer<void>> prover::prove(client& at, identity who, const issuer& whose, authorization what,
                                 std::vector<challenge_type> types)
{
    // What the CA was told of before a crash is what it looks for.
    auto told = std::ranges::find_if(types, [&](auto type) {
        const auto* offered = find(what, type);
        return offered != nullptr && offered->status == check_status::processing;
    });
    if (told != types.end()) std::rotate(types.begin(), told, told + 1);
    for (auto type : types) {
        const auto* offered = find(what, type);
        if (offered == nullptr) continue;
        auto which = *offered;
        log::info("acme.challenge", {{"issuer", whose.name}, {"name", what.name}, {"type", which.type}});
        if (type == challenge_type::dns_01) co_return co_await write_and_ask(at, who, whose, what, which);
        auto shown = type == challenge_type::http_01 ? answer_by_http(what, which.token, who)
                                                     : answer_by_tls(what, which.token, who);
        co_return co_await show_and_ask(at, who, what, which, std::move(shown));
    }
    std::string offered;
    for (const auto& each : what.challenges) offered += (offered.empty() ? "" : ", ") + each.type;
    co_return failed(failure::kind::refused, "no challenge that can prove " + what.name + " here is offered (" +
                                                 offered + "); a wildcard needs dns-01: set dns for this issuer");
}

task<answer<void>> prover::show_and_ask(client& at, identity who, authorization what, offered_challenge which,
                                        model::challenge shown)
{
    std::vector<model::challenge> all{std::move(shown)};
    shown_on here(board_, all);
    if (!co_await board_.show(all))
        co_return failed(failure::kind::ours, "the edge does not show the answer to the challenge (is it running?)");
    co_return co_await ask(at, who, what, which);
}

task<answer<void>> prover::write_and_ask(client& at, identity who, const issuer& whose, authorization what,
                                         offered_challenge which)
{
    auto writer = writer_of(whose);
    if (!writer) co_return failed(failure::kind::ours, writer.error().what);
    auto record = co_await challenge_record(home_, resolvers_, what.name);
    if (!record) co_return failed(failure::kind::ours, record.error().what);
    auto text = challenge_text(authorization_of(who, which.token));
    auto written = co_await (*writer)->present(*record, text);
    answer<void> verdict = failed(failure::kind::ours, written ? "" : written.error().what);
    if (written) {
        auto seen = co_await wait_until_propagated(home_, resolvers_, *record, text, propagation_limit);
        // What can't be seen from here may be seen by the CA: it decides.
        if (!seen) log::warn("acme.dns_not_seen", {{"record", *record}, {"why", seen.error().what}});
        verdict = co_await ask(at, who, what, which);
    }
    auto cleaned = co_await (*writer)->clean_up(*record, text);
    if (!cleaned) log::warn("acme.dns_not_cleaned", {{"record", *record}, {"why", cleaned.error().what}});
    co_return verdict;
}

task<answer<void>> prover::ask(client& at, identity who, const authorization& what, const offered_challenge& which)
{
    if (which.status == check_status::pending) {
        auto told = co_await at.say_ready(who, which.url);
        if (!told && told.error().what != failure::kind::refused) co_return std::unexpected(told.error());
        if (!told) {
            // Where another order has proven the name meanwhile there is nothing left to be ready for.
            auto now = co_await at.read_authorization(who, what.url);
            if (now && now->status == check_status::valid) co_return answer<void>{};
            co_return std::unexpected(told.error());
        }
    }
    net::event pause(home_);
    auto end = steady_clock::now() + validation_limit;
    for (int asked = 0;; ++asked) {
        auto now = co_await at.read_authorization(who, what.url);
        if (!now) co_return std::unexpected(now.error());
        if (now->status == check_status::valid) co_return answer<void>{};
        bool open = now->status == check_status::pending || now->status == check_status::processing;
        if (!open) co_return std::unexpected(refusal_of(*now));
        auto again = steady_clock::now() + poll_pause(now->retry_after, asked);
        bool late = asked + 1 == most_polls || again > end;
        if (late) co_return too_slow(again, "the CA did not come to a verdict on " + what.name + " in time");
        co_await pause.wait_until(again);
    }
}

task<void> prover::clean_up(identity who, const issuer& whose, authorization what)
{
    const auto* left = find(what, challenge_type::dns_01);
    auto writer = left != nullptr ? writer_of(whose) : std::unexpected(problem{});
    if (!writer) co_return;
    auto text = challenge_text(authorization_of(who, left->token));
    auto record = co_await challenge_record(home_, resolvers_, what.name);
    if (record) (void)co_await (*writer)->clean_up(*record, text);
}

checked<dns_writer*> prover::writer_of(const issuer& whose)
{
    auto& known = writers_[whose.name];
    if (!known && !whose.dns_exec.empty()) known = make_exec_writer(home_, whose.dns_exec, exec_limit);
    if (!known && whose.rfc2136) {
        auto made = make_rfc2136_writer(home_, *whose.rfc2136, resolvers_);
        if (!made) return std::unexpected(made.error());
        known = std::move(*made);
    }
    if (!known) return std::unexpected(problem{"issuers." + whose.name, "it has no dns setting, which dns-01 needs"});
    return known.get();
}

}  // namespace lintel::acme
