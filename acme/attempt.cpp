#include "acme/attempt.hpp"

#include "acme/challenge_plan.hpp"
#include "acme/limits.hpp"
#include "acme/order_run.hpp"
#include "acme/renewal.hpp"
#include "acme/setbacks.hpp"
#include "acme/wants.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "tls/certificate.hpp"

#include <algorithm>

namespace lintel::acme {

namespace {

std::unexpected<failure> not_written(const problem& why)
{
    return failed(failure::kind::ours, why.where + ": " + why.what);
}

/// What `production` would do, at another directory.
issuer rehearsal_of(const issuer& production, const issuer& staging)
{
    auto made = production;
    made.name = staging.name;
    made.directory = staging.directory;
    made.ca_file = staging.ca_file;
    made.is_private = staging.is_private;
    made.binding = staging.binding;
    made.limits = staging.limits;
    made.staging.clear();
    return made;
}

class try_out {
public:
    try_out(attempt_tools with, const issuer& whose, std::vector<std::string> names,
            const store::certificate_record* predecessor, progress tell)
        : with_(with), whose_(whose), names_(std::move(names)), tell_(std::move(tell))
    {
        if (predecessor == nullptr) return;
        predecessor_ = predecessor->id;
        renewal_ = renewal_allowance(whose, *predecessor);
        // RFC 9773 §5: both must share a name; a wildcard may have stood for ours.
        bool shares = std::ranges::find_first_of(predecessor->names, names_) != predecessor->names.end();
        if (shares && predecessor->issuer == whose.name) replaced_ = renewal_id(predecessor->chain_pem);
    }

    task<answer<attempt_result>> run()
    {
        if (auto rehearsed = co_await rehearse(); !rehearsed) {
            note(rehearsed.error(), "in the rehearsal at " + whose_.staging + ": ");
            co_return std::unexpected(rehearsed.error());
        }
        auto made = co_await order_from(whose_, true);
        if (!made && !held_) note(made.error(), "");
        co_return made;
    }

private:
    const store::contents& known() const { return with_.records.contents(); }

    const issuer* find_staging() const
    {
        auto found = with_.settings.issuers.find(whose_.staging);
        if (found == with_.settings.issuers.end()) return nullptr;
        bool may_know = found->second.is_private ||
                        std::ranges::all_of(names_, [](const auto& name) { return why_not_public(name).empty(); });
        return may_know ? &found->second : nullptr;
    }

    /// After a failure the next try goes to the staging directory first: its limits are generous, and it asks the same.
    /// Where that one is out of reach itself nothing is learnt, and nobody waits for it.
    task<answer<void>> rehearse()
    {
        const auto* before = setback_of(with_.records, whose_, names_);
        const auto* staging = find_staging();
        bool due = before != nullptr && before->failures > 0 && !before->rehearsed && staging != nullptr &&
                   hold_on(with_.records, *staging, names_, wall_clock::now()) == nullptr;
        if (!due) co_return answer<void>{};
        tell_("rehearsing at " + staging->name);
        auto as_if = rehearsal_of(whose_, *staging);
        auto made = co_await order_from(as_if, false);
        store::changes step;
        if (made) {
            step.orders.erase.push_back(made->order.id);
            if (const auto* now = setback_of(with_.records, whose_, names_)) {
                auto passed = *now;
                passed.rehearsed = true;
                step.setbacks.put.push_back(std::move(passed));
            }
        } else if (is_out_of_reach(made.error())) {
            log::warn("acme.not_rehearsed", {{"issuer", staging->name}, {"why", sentence_of(made.error())}});
            note_hold(as_if, names_, made.error(), wall_clock::now(), step);
        } else {
            co_return std::unexpected(made.error());
        }
        (void)with_.records.commit(step);
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
            const auto* before = setback_of(with_.records, whose_, names_);
            auto planned = co_await plan_challenges(with_, at, names_, before != nullptr ? before->failures : 0, tell_);
            if (!planned) co_return std::unexpected(planned.error());
            how.challenges = std::move(planned->challenges);
            doubts_ = std::move(planned->doubts);
        }
        tell_("talking to " + at.name);
        auto who = co_await with_.at_cas.enter(at);
        if (!who) co_return std::unexpected(who.error());
        // Another attempt may have been told meanwhile that orders have to wait.
        const auto* hold = hold_on(with_.records, at, names_, wall_clock::now());
        held_ = in_earnest && hold != nullptr;
        if (hold != nullptr) co_return failed(failure::kind::unreachable, hold->why);
        if (id.empty()) {
            auto begun = co_await begin(at, in_earnest);
            if (!begun) co_return std::unexpected(begun.error());
            id = *begun;
        } else if (auto paid = pay_again(at, id); !paid) {
            co_return std::unexpected(paid.error());
        }
        tell_("ordering from " + at.name);
        order_tools tools{with_.home, with_.at_cas.client_of(at), *who, at, with_.records, with_.answers};
        auto chain = co_await run_order(tools, id, how);
        if (!chain && is_refused_for_its_predecessor(id, chain.error())) {
            drop(id);
            replaced_.clear();
            auto begun = co_await begin(at, in_earnest);
            if (!begun) co_return std::unexpected(begun.error());
            id = *begun;
            how.resumed = false;
            chain = co_await run_order(tools, id, std::move(how));
        }
        if (!chain) {
            give_up(at, id, chain.error());
            co_return std::unexpected(chain.error());
        }
        auto made = read(at, id, *chain);
        if (!made) drop(id);  // it would give the same one again
        co_return made;
    }

    /// RFC 9773 §5: an order that doesn't say what it replaces is as good, but it is none that is free of limits. The
    /// certificate may be replaced already, or be another account's.
    bool is_refused_for_its_predecessor(const std::string& id, const failure& why) const
    {
        const auto& order = known().orders.at(id);
        bool refused = why.what == failure::kind::refused && !is_for_later(why);
        return refused && order.url.empty() && !order.replaces.empty();
    }

    /// Let's Encrypt exempts renewals that say what they replace from every limit: they have one of ours alone.
    std::vector<allowance> costs_at(const issuer& at, bool is_free) const
    {
        auto all = is_free ? std::vector<allowance>{} : order_allowances(at, names_);
        if (renewal_ && at.name == whose_.name) all.push_back(*renewal_);
        return all;
    }

    answer<void> within_limits(const issuer& at, const std::vector<allowance>& wanted) const
    {
        auto now = wall_clock::now();
        auto when = earliest(with_.records, wanted, now);
        if (when <= now) return {};
        auto what = failed(failure::kind::ours, "our own limit below the one of " + at.name + " is reached for now");
        what.error().retry_after = when - now;
        return what;
    }

    /// An order that a crash has left before the CA's answer is placed once more, once in each run: that counts there.
    answer<void> pay_again(const issuer& at, const std::string& id)
    {
        auto order = known().orders.at(id);
        if (!order.url.empty() || order.created >= with_.records.opened()) return {};
        std::vector<allowance> costs{place_allowance(at)};
        if (auto free = within_limits(at, costs); !free) return free;
        store::changes step;
        order.created = wall_clock::now();
        step.orders.put.push_back(std::move(order));
        take(with_.records, costs, wall_clock::now(), step);
        if (auto written = with_.records.commit(step); !written) return not_written(written.error());
        return {};
    }

    /// The profile to ask for. A staging directory may not have the one that is meant.
    static answer<std::string> profile_of(const issuer& at, const directory& where, bool in_earnest)
    {
        if (at.profile.empty() || where.profiles.contains(at.profile)) return at.profile;
        if (!in_earnest) return "";
        std::string offered;
        for (const auto& [name, what] : where.profiles) offered += (offered.empty() ? "" : ", ") + name;
        return failed(failure::kind::ours, "issuers." + at.name + ".profile: " + at.profile +
                                               " is not offered; offered are: " + (offered.empty() ? "none" : offered));
    }

    /// Writes the intent, the key and what it costs down, before the CA hears of it.
    task<answer<std::string>> begin(const issuer& at, bool in_earnest)
    {
        auto where = co_await with_.at_cas.client_of(at).look_up();
        if (!where) co_return std::unexpected(where.error());
        auto profile = profile_of(at, *where, in_earnest);
        if (!profile) co_return std::unexpected(profile.error());
        bool says_what_it_replaces = in_earnest && !where->renewal_info.empty() && !replaced_.empty();
        auto costs = costs_at(at, says_what_it_replaces);
        auto needed = costs;
        for (const auto& name : names_) needed.push_back(failure_allowance(at, name));
        if (auto free = within_limits(at, needed); !free) co_return std::unexpected(free.error());
        auto now = wall_clock::now();
        store::order_record order{.id = crypto::random_hex(16),
                                  .issuer = at.name,
                                  .directory = at.directory,
                                  .names = names_,
                                  .profile = std::move(*profile),
                                  .replaces = {},
                                  .key_pem = new_certificate_key(at.key),
                                  .url = {},
                                  .csr_der = {},
                                  .predecessor = in_earnest ? predecessor_ : "",
                                  .created = now};
        if (says_what_it_replaces) order.replaces = replaced_;
        store::changes step;
        auto id = order.id;
        step.orders.put.push_back(std::move(order));
        take(with_.records, costs, now, step);
        if (auto written = with_.records.commit(step); !written) co_return not_written(written.error());
        co_return id;
    }

    void drop(const std::string& id)
    {
        store::changes step;
        step.orders.erase.push_back(id);
        (void)with_.records.commit(step);
    }

    /// What is worth going on with stays.
    void give_up(const issuer& at, const std::string& id, const failure& why)
    {
        store::changes step;
        if (!is_resumable(why)) step.orders.erase.push_back(id);
        bool validation = why.what == failure::kind::refused && !is_for_later(why);
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

    /// `where`: ahead of the failure's own words. A rehearsal's refusals are no limits of this issuer.
    void note(const failure& why, const std::string& where)
    {
        auto now = wall_clock::now();
        auto words = where + sentence_of(why);
        if (!doubts_.empty()) words += "; seen from here, " + doubts_;
        store::changes step;
        if (where.empty()) note_hold(whose_, names_, why, now, step);
        auto pause = note_failure(with_.records, whose_, names_, why, words, now, step);
        log::warn("acme.failed", {{"issuer", whose_.name},
                                  {"names", key_of(names_)},
                                  {"why", words},
                                  {"next_try_s", std::chrono::duration_cast<std::chrono::seconds>(pause).count()}});
        (void)with_.records.commit(step);
    }

    attempt_tools with_;
    const issuer& whose_;
    std::vector<std::string> names_;
    std::string predecessor_, replaced_;
    std::optional<allowance> renewal_;
    std::string doubts_;  ///< of the preflight
    bool held_ = false;   ///< by what another attempt was told: there is nothing new to note
    progress tell_;
};

}  // namespace

task<answer<attempt_result>> try_issuer(attempt_tools with, const issuer& whose, std::vector<std::string> names,
                                        const store::certificate_record* predecessor, progress tell)
{
    try_out one(with, whose, std::move(names), predecessor, std::move(tell));
    co_return co_await one.run();
}

}  // namespace lintel::acme
