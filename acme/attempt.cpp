#include "acme/attempt.hpp"

#include "acme/limits.hpp"
#include "acme/renewal.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "tls/certificate.hpp"

#include <algorithm>

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr duration longest_pause_of_ours = 10min;  ///< after what no CA heard of: the owner mends it meanwhile
constexpr duration pause_of_the_limited = 1h;      ///< after a 429 that does not say how long

std::unexpected<failure> failed(failure::kind kind, std::string why)
{
    failure what;
    what.what = kind;
    what.detail = std::move(why);
    return std::unexpected(std::move(what));
}

class try_out {
public:
    try_out(attempt_tools with, const issuer& whose, std::vector<std::string> names,
            const store::certificate_record* predecessor, std::function<void(std::string)> tell)
        : with_(with), whose_(whose), names_(std::move(names)), tell_(std::move(tell))
    {
        if (predecessor == nullptr) return;
        predecessor_ = predecessor->id;
        if (predecessor->issuer == whose.name) replaced_ = renewal_id(predecessor->chain_pem);
    }

    task<answer<attempt_result>> run()
    {
        if (auto rehearsed = co_await rehearse(); !rehearsed) co_return std::unexpected(rehearsed.error());
        auto made = co_await order_from(whose_, true);
        if (!made) note(made.error(), false);
        co_return made;
    }

private:
    const store::contents& known() const { return with_.records.contents(); }

    const store::setback_record* setback(const std::string& subject) const
    {
        auto found = known().setbacks.find(subject);
        return found == known().setbacks.end() ? nullptr : &found->second;
    }

    /// After a failure the next try goes to the staging directory first: its limits are generous, and it asks the same.
    task<answer<void>> rehearse()
    {
        const auto* before = setback(subject_of(whose_, names_));
        auto staging = with_.settings.issuers.find(whose_.staging);
        bool due =
            before != nullptr && before->failures > 0 && !before->rehearsed && staging != with_.settings.issuers.end();
        if (!due) co_return answer<void>{};
        tell_("rehearsing at " + whose_.staging);
        auto made = co_await order_from(staging->second, false);
        store::changes step;
        if (made) step.orders.erase.push_back(made->order.id);
        if (!made) note(made.error(), true);
        const auto* now = setback(subject_of(whose_, names_));
        if (made && now != nullptr) {
            auto passed = *now;
            passed.rehearsed = true;
            step.setbacks.put.push_back(std::move(passed));
        }
        (void)with_.records.commit(step);
        if (!made) co_return std::unexpected(made.error());
        co_return answer<void>{};
    }

    const store::order_record* find_order(const issuer& at) const
    {
        auto same = [&](const auto& each) {
            return each.second.directory == at.directory && key_of(each.second.names) == key_of(names_);
        };
        auto found = std::ranges::find_if(known().orders, same);
        return found == known().orders.end() ? nullptr : &found->second;
    }

    task<answer<attempt_result>> order_from(const issuer& at, bool in_earnest)
    {
        order_plan how;
        std::string id;
        if (const auto* left = find_order(at)) {
            how.resumed = true;
            id = left->id;
        } else {
            auto checked = co_await look_ahead_for(at);
            if (!checked) co_return std::unexpected(checked.error());
            how.challenges = std::move(*checked);
            if (auto free = within_limits(at); !free) co_return std::unexpected(free.error());
        }
        tell_("talking to " + at.name);
        auto who = co_await with_.at_cas.enter(at);
        if (!who) co_return std::unexpected(who.error());
        if (id.empty()) {
            auto begun = co_await begin(at, in_earnest);
            if (!begun) co_return std::unexpected(begun.error());
            id = *begun;
        }
        tell_("ordering from " + at.name);
        order_tools tools{with_.home, with_.at_cas.client_of(at), *who, at, with_.records, with_.answers};
        auto chain = co_await run_order(tools, id, std::move(how));
        if (!chain) {
            give_up(at, id, chain.error());
            co_return std::unexpected(chain.error());
        }
        co_return read(at, id, *chain);
    }

    /// Which challenges work for each name, before anything is spent on it.
    task<answer<std::map<std::string, std::vector<challenge_type>>>> look_ahead_for(const issuer& at)
    {
        std::map<std::string, std::vector<challenge_type>> plan;
        const auto* before = setback(subject_of(whose_, names_));
        int turn = before != nullptr ? before->failures : 0;
        auto where = co_await with_.at_cas.client_of(at).look_up();
        if (!where) co_return std::unexpected(where.error());
        for (const auto& name : names_) {
            auto types = usable_challenges(at, name, turn);
            if (types.empty()) {
                co_return failed(failure::kind::unreachable,
                                 "no challenge of issuers." + at.name + " can prove " + name +
                                     (name.starts_with("*.") ? ": a wildcard needs dns-01, set dns" : ""));
            }
            auto seen = co_await tried(name, types, where->caa_identities);
            if (!seen) co_return std::unexpected(seen.error());
            plan[name] = std::move(*seen);
        }
        co_return plan;
    }

    task<answer<std::vector<challenge_type>>> tried(std::string name, std::vector<challenge_type> types,
                                                    std::vector<std::string> ca_names)
    {
        auto by_net = types;
        std::erase(by_net, challenge_type::dns_01);
        if (with_.settings.preflight == preflight_mode::off || by_net.empty()) co_return types;
        tell_("looking whether " + name + " leads here");
        preflight_settings how{.resolvers = with_.resolvers,
                               .http_port = with_.settings.http_port,
                               .tls_port = with_.settings.tls_port,
                               .ca_names = std::move(ca_names)};
        auto report = co_await look_ahead(with_.home, with_.fetcher, with_.board, how, name, by_net);
        bool dns = by_net.size() < types.size();
        using verdict = preflight_report::verdict;
        if (report.what == verdict::works) {
            auto ordered = report.working;
            std::ranges::copy_if(types, std::back_inserter(ordered), [&](auto each) {
                return std::ranges::find(report.working, each) == report.working.end();
            });
            co_return ordered;
        }
        if (dns) co_return std::vector{challenge_type::dns_01};
        bool blocked = report.what == verdict::wrong || with_.settings.preflight == preflight_mode::require;
        if (blocked) co_return failed(failure::kind::unreachable, name + ": " + report.why);
        log::warn("acme.preflight_silent", {{"name", name}, {"why", report.why}});
        co_return types;
    }

    /// Renewals that say what they replace are free (Let's Encrypt exempts them from every limit).
    std::vector<allowance> costs_at(const issuer& at) const
    {
        bool renewal = !replaced_.empty() && at.name == whose_.name;
        return renewal ? std::vector<allowance>{} : order_allowances(at, names_);
    }

    answer<void> within_limits(const issuer& at) const
    {
        auto now = wall_clock::now();
        auto wanted = costs_at(at);
        for (const auto& name : names_) wanted.push_back(failure_allowance(at, name));
        auto when = earliest(with_.records, wanted, now);
        if (when <= now) return {};
        failure what;
        what.detail = "our own limit below the one of " + at.name + " is reached for now";
        what.retry_after = when - now;
        return std::unexpected(std::move(what));
    }

    /// Writes the intent, the key and what it costs down, before the CA hears of it.
    task<answer<std::string>> begin(const issuer& at, bool in_earnest)
    {
        auto where = co_await with_.at_cas.client_of(at).look_up();
        if (!where) co_return std::unexpected(where.error());
        if (!at.profile.empty() && !where->profiles.contains(at.profile)) {
            std::string offered;
            for (const auto& [name, what] : where->profiles) offered += (offered.empty() ? "" : ", ") + name;
            co_return failed(failure::kind::unreachable,
                             "issuers." + at.name + ".profile: " + at.profile +
                                 " is not offered; offered are: " + (offered.empty() ? "none" : offered));
        }
        auto now = wall_clock::now();
        store::order_record order{.id = crypto::random_hex(16),
                                  .issuer = at.name,
                                  .directory = at.directory,
                                  .names = names_,
                                  .profile = at.profile,
                                  .replaces = {},
                                  .key_pem = new_certificate_key(at.key),
                                  .url = {},
                                  .csr_der = {},
                                  .predecessor = in_earnest ? predecessor_ : "",
                                  .created = now};
        if (in_earnest && !where->renewal_info.empty()) order.replaces = replaced_;
        store::changes step;
        auto id = order.id;
        step.orders.put.push_back(std::move(order));
        take(with_.records, costs_at(at), now, step);
        auto written = with_.records.commit(step);
        if (!written) co_return failed(failure::kind::unreachable, written.error().where + ": " + written.error().what);
        co_return id;
    }

    /// What is worth going on with stays.
    void give_up(const issuer& at, const std::string& id, const failure& why)
    {
        store::changes step;
        if (!is_resumable(why)) step.orders.erase.push_back(id);
        bool validation = why.what == failure::kind::refused && why.type != "rateLimited";
        if (validation) {
            std::vector<allowance> spent;
            for (const auto& name : names_) spent.push_back(failure_allowance(at, name));
            take(with_.records, spent, wall_clock::now(), step);
        }
        (void)with_.records.commit(step);
        if (why.type == "accountDoesNotExist") with_.at_cas.forget(at);
    }

    answer<attempt_result> read(const issuer& at, const std::string& id, const std::string& chain) const
    {
        const auto& order = known().orders.at(id);
        auto facts = tls::inspect_certificate(chain, order.key_pem);
        if (!facts)
            return failed(failure::kind::malformed, "the certificate that came can't be used: " + facts.error().what);
        for (const auto& name : names_) {
            bool covered = std::ranges::any_of(
                facts->names, [&](const auto& each) { return tls::covers(each, name) || each == name; });
            if (!covered) return failed(failure::kind::malformed, "the certificate that came does not name " + name);
        }
        store::certificate_record made{.id = facts->fingerprint,
                                       .names = facts->names,
                                       .issuer = at.name,
                                       .chain_pem = chain,
                                       .key_pem = order.key_pem,
                                       .not_before = facts->not_before,
                                       .not_after = facts->not_after,
                                       .profile = order.profile,
                                       .renew_at = {},
                                       .window_start = {},
                                       .window_end = {},
                                       .ask_again_at = {}};
        return attempt_result{std::move(made), order};
    }

    /// A limit that names none of our names is the account's: all orders wait.
    void note(const failure& why, bool rehearsal)
    {
        auto now = wall_clock::now();
        bool limited = why.type == "rateLimited" || why.status == 429 || why.status == 503;
        bool ours =
            std::ranges::any_of(names_, [&](const auto& name) { return why.detail.contains(registered_domain(name)); });
        auto subject = subject_of(whose_, names_);
        const auto* before = setback(subject);
        auto next = before != nullptr ? *before : store::setback_record{subject, 0, {}, {}, {}, false};
        ++next.failures;
        next.rehearsed = false;
        next.last_try = now;
        bool reached = why.what != failure::kind::unreachable;
        auto pause = retry_pause(next.failures, reached);
        if (!reached) pause = std::min(pause, longest_pause_of_ours);
        if (limited && !why.retry_after) pause = std::max(pause, pause_of_the_limited);
        if (why.retry_after) pause = std::max(pause, *why.retry_after);
        next.next_try = now + std::chrono::duration_cast<wall_clock::duration>(pause);
        next.why = (rehearsal ? "in the rehearsal at " + whose_.staging + ": " : "") + sentence_of(why);
        store::changes step;
        if (limited && !ours && !rehearsal) {
            auto all = next;
            all.subject = whose_.name;
            step.setbacks.put.push_back(std::move(all));
        }
        log::warn("acme.failed", {{"issuer", whose_.name},
                                  {"names", key_of(names_)},
                                  {"why", next.why},
                                  {"next_try_s", std::chrono::duration_cast<std::chrono::seconds>(pause).count()}});
        step.setbacks.put.push_back(std::move(next));
        (void)with_.records.commit(step);
    }

    attempt_tools with_;
    const issuer& whose_;
    std::vector<std::string> names_;
    std::string predecessor_, replaced_;
    std::function<void(std::string)> tell_;
};

}  // namespace

task<answer<attempt_result>> try_issuer(attempt_tools with, const issuer& whose, std::vector<std::string> names,
                                        const store::certificate_record* predecessor,
                                        std::function<void(std::string)> tell)
{
    try_out one(with, whose, std::move(names), predecessor, std::move(tell));
    co_return co_await one.run();
}

std::string subject_of(const issuer& whose, const std::vector<std::string>& names)
{
    return whose.name + ' ' + key_of(names);
}

std::string sentence_of(const failure& what)
{
    if (what.type.empty()) return what.detail;
    auto status = what.status != 0 ? " (" + std::to_string(what.status) + ")" : "";
    return what.type + status + ": " + what.detail;
}

}  // namespace lintel::acme
