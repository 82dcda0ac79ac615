#include "acme/manager.hpp"

#include "acme/clock_jump.hpp"
#include "acme/import.hpp"
#include "acme/leftovers.hpp"
#include "acme/renewal.hpp"
#include "acme/setbacks.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "net/dns_query.hpp"

#include <algorithm>

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_at_once = 32;  ///< orders under way
constexpr duration longest_sleep = 1min;  ///< the wall clock may jump
constexpr duration least_sleep = 20ms;    ///< a look goes over all wants: one for much news
constexpr duration between_tidyings = 1h;

std::string why_unknown(const std::string& issuer)
{
    if (issuer == import_issuer_name) return "it was imported: revoke it where it was ordered";
    return "its issuer " + issuer + " is not in lintel.yaml (any more)";
}

}  // namespace

manager::manager(parts with, std::function<void()> on_change)
    : with_(with),
      on_change_(std::move(on_change)),
      accounts_(with_.home, with_.fetcher, with_.records, with_.settings),
      resolvers_(with_.settings.name_servers.empty() ? net::system_name_servers() : with_.settings.name_servers),
      prover_(with_.home, with_.board, resolvers_),
      holdings_(with_.records.contents().certificates),
      news_(with_.home),
      tasks_(with_.home)
{
    // A renewal that an earlier run began is finished, whoever wanted it.
    for (const auto& [id, order] : with_.records.contents().orders) {
        if (!order.predecessor.empty()) forced_.insert(key_of(order.names));
    }
}

void manager::want(std::vector<acme::want> all)
{
    std::map<std::string, acme::want, std::less<>> next;
    for (auto& each : all) {
        auto key = key_of(each.names);
        next.insert_or_assign(std::move(key), std::move(each));
    }
    if (next == wants_) return;
    wants_ = std::move(next);
    want_of_host_.clear();
    for (const auto& [key, which] : wants_) {
        for (const auto& name : which.names) want_of_host_.insert_or_assign(name, key);
    }
    news_.notify();
}

task<void> manager::run() { return tasks_.alongside(follow_wants()); }

task<void> manager::follow_wants()
{
    net::event pause(with_.home);
    for (;;) {
        auto next = start_due(wall_clock::now());
        auto sleep = std::min<duration>(longest_sleep, std::max<duration>(next - wall_clock::now(), least_sleep));
        co_await news_.wait_until(steady_clock::now() + sleep);
        co_await pause.wait_until(steady_clock::now() + least_sleep);
    }
}

/// Begins what is due, as far as there is room; returns when the next one is.
wall_clock::time_point manager::start_due(wall_clock::time_point now)
{
    auto next = now + std::chrono::duration_cast<wall_clock::duration>(longest_sleep);
    if (disk_rests())
        return std::min(next, now + std::chrono::ceil<wall_clock::duration>(disk_again_ - steady_clock::now()));
    mend_times(now);
    tidy(now);
    keep_what_was_refused();
    for (const auto& [key, which] : wants_) {
        if (doing_.size() >= most_at_once) break;
        if (doing_.contains(key)) continue;
        if (look_at(which, now) != outlook::open) {
            const auto* best = holdings_.best_for(which.names);
            if (best != nullptr && renewal_time(*best) > now) next = std::min(next, renewal_time(*best));
            continue;
        }
        auto when = next_chance(which, now);
        if (when > now) {
            next = std::min(next, when);
            continue;
        }
        doing_.emplace(key, "beginning");
        tasks_.spawn("acme.order", attend(which));
    }
    ask_for_advice(now);
    return next;
}

manager::outlook manager::look_at(const acme::want& which, wall_clock::time_point now) const
{
    const auto* best = holdings_.best_for(which.names);
    auto key = key_of(which.names);
    if (unkept_.contains(key)) return outlook::satisfied;
    if (best != nullptr && !forced_.contains(key) && is_fresh(*best, which, now)) return outlook::satisfied;
    if (is_covered_by_files(which)) return outlook::satisfied;
    return may_be_asked(which) ? outlook::open : outlook::hopeless;
}

bool manager::is_covered_by_files(const acme::want& which) const
{
    return std::ranges::all_of(which.names,
                               [&](const auto& each) { return with_.served.has_file_for(served_name(each)); });
}

/// A certificate that another want renews (a wildcard, say) is left to it for the first half of the time that it has.
bool manager::is_fresh(const store::certificate_record& best, const acme::want& of, wall_clock::time_point now) const
{
    auto due = renewal_time(best);
    if (due > now) return true;
    auto other = want_of_host_.find(best.names.front());
    bool renewed = other != want_of_host_.end() && other->second != key_of(of.names) &&
                   may_be_asked(wants_.find(other->second)->second);
    return renewed && now < due + (best.not_after - due) / 2;
}

bool manager::may_be_asked(const acme::want& which) const
{
    return std::ranges::any_of(issuers_of(which), [&](const auto* each) { return why_not(*each, which).empty(); });
}

/// Those before the local CA, which never fails.
std::vector<const issuer*> manager::issuers_of(const acme::want& which) const
{
    std::vector<const issuer*> all;
    for (const auto& name : which.issuers) {
        if (name == local_issuer_name) break;
        if (const auto* known = find_issuer(name)) all.push_back(known);
    }
    return all;
}

const issuer* manager::find_issuer(const std::string& name) const
{
    auto known = with_.settings.issuers.find(name);
    return known == with_.settings.issuers.end() ? nullptr : &known->second;
}

/// Why this issuer issues none of these names, or not all; empty: it does.
std::string manager::why_not_its(const issuer& whose, const acme::want& which)
{
    if (whose.is_private) return "";
    for (const auto& name : which.names) {
        if (auto why = why_not_public(name); !why.empty()) return why;
    }
    return "";
}

/// Why this issuer is not asked at all, whatever the time; empty: it may be.
std::string manager::why_not(const issuer& whose, const acme::want& which) const
{
    if (auto why = why_not_its(whose, which); !why.empty()) return why;
    if (with_.settings.terms_accepted()) return "";
    return "the terms of service of " + whose.name +
           " are not accepted yet: set email: YOU@EXAMPLE (or accept_terms: true) in lintel.yaml, and its "
           "certificates are ordered";
}

wall_clock::time_point manager::next_chance(const acme::want& which, wall_clock::time_point now) const
{
    auto soonest = wall_clock::time_point::max();
    for (const auto* whose : issuers_of(which)) {
        if (why_not(*whose, which).empty())
            soonest = std::min(soonest, held_until(with_.records, *whose, which.names, now));
    }
    return std::max(soonest, now);
}

/// Asks one issuer after the other until one has given the certificate.
task<void> manager::attend(acme::want which)
{
    auto key = key_of(which.names);
    struct leaving {
        manager& of;
        const std::string& key;
        ~leaving()
        {
            of.doing_.erase(key);
            of.news_.notify();
        }
    } at_the_end{*this, key};
    attempt_tools tools{with_.home,     with_.fetcher, with_.board, with_.records,
                        with_.settings, accounts_,     prover_,     resolvers_};
    auto tell = [this, key](std::string what) { doing_.insert_or_assign(key, std::move(what)); };
    for (const auto* whose : issuers_of(which)) {
        auto now = wall_clock::now();
        if (!why_not(*whose, which).empty() || held_until(with_.records, *whose, which.names, now) > now) continue;
        auto got = co_await try_issuer(tools, *whose, which.names, holdings_.best_for(which.names), tell);
        if (got) {
            forced_.erase(key);
            serve(*got);
            keep(std::move(*got));
            break;
        }
        if (with_.records.trouble().empty()) continue;
        note_disk();
        break;  // no other issuer's order could be written down either
    }
    on_change_();
}

/// The certificate that goes when this one is kept: the order's predecessor, where both have the same names.
const store::certificate_record* manager::replaced_by(const attempt_result& got) const
{
    const auto& all = with_.records.contents().certificates;
    auto old = all.find(got.order.predecessor);
    if (old == all.end() || old->first == got.certificate.id) return nullptr;
    auto names = [](const auto& of) { return std::set(of.names.begin(), of.names.end()); };
    return names(old->second) == names(got.certificate) ? &old->second : nullptr;
}

void manager::serve(const attempt_result& got)
{
    const auto& made = got.certificate;
    with_.served.put(made);
    if (const auto* old = replaced_by(got)) with_.served.remove(old->id);
    log::info(
        "acme.issued",
        {{"issuer", made.issuer},
         {"names", text::join(made.names, ",")},
         {"until_s", std::chrono::duration_cast<std::chrono::seconds>(made.not_after - wall_clock::now()).count()}});
}

/// Certificate in; order, set-backs and predecessor out: one step. Where the disk refuses it is tried again; after a
/// crash the order, which is still written down, gives the certificate once more.
void manager::keep(attempt_result got)
{
    const auto& [made, order] = got;
    store::changes step;
    step.certificates.put.push_back(made);
    step.orders.erase.push_back(order.id);
    for (const auto& [name, whose] : with_.settings.issuers) forgive(with_.records, whose, order.names, step);
    std::optional<store::certificate_record> old;
    if (const auto* replaced = replaced_by(got)) old = *replaced;
    if (old) step.certificates.erase.push_back(old->id);
    if (!with_.records.commit(step)) {
        note_disk();
        auto key = key_of(order.names);
        unkept_.insert_or_assign(std::move(key), std::move(got));
        return;
    }
    if (old) holdings_.remove(*old);
    holdings_.add(made);
}

void manager::keep_what_was_refused()
{
    for (auto& [key, got] : std::exchange(unkept_, {})) keep(std::move(got));
}

void manager::take_over(const store::certificate_record& what)
{
    holdings_.add(what);
    news_.notify();
}

bool manager::has_later(const store::certificate_record& what) const
{
    const auto* best = what.names.empty() ? nullptr : holdings_.best_for(what.names);
    return best != nullptr && renewal_time(*best) >= renewal_time(what);
}

void manager::note_disk() { disk_again_ = steady_clock::now() + with_.disk_pause; }

bool manager::disk_rests() const { return !with_.records.trouble().empty() && steady_clock::now() < disk_again_; }

/// A clock that was set back must not hold anything for as long as it was ahead.
void manager::mend_times(wall_clock::time_point now)
{
    auto drift = now.time_since_epoch() - steady_clock::now().time_since_epoch();
    bool set_back = drift < clock_drift_ - longest_sleep;
    clock_drift_ = drift;
    if (!set_back) return;
    auto step = after_clock_jump(with_.records.contents(), now);
    if (is_empty(step)) return;
    log::warn("acme.clock_set_back", {{"setbacks", step.setbacks.put.size()}, {"buckets", step.buckets.put.size()}});
    if (!with_.records.commit(step)) note_disk();
}

/// What is wanted stays: by the clock of a machine that was off for long, or is wrong, all of it may have ended.
void manager::tidy(wall_clock::time_point now)
{
    if (steady_clock::now() < tidy_again_) return;
    tidy_again_ = steady_clock::now() + between_tidyings;
    std::set<std::string> in_use;
    for (const auto& [key, which] : wants_) {
        if (const auto* best = holdings_.best_for(which.names)) in_use.insert(best->id);
    }
    const auto& all = with_.records.contents();
    for (const auto& [id, order] : all.orders) {
        if (wants_.contains(key_of(order.names)) || !doing_.empty()) in_use.insert(id);
    }
    auto step = leftovers(all, in_use, now);
    if (is_empty(step)) return;
    std::vector<store::certificate_record> gone;
    for (const auto& id : step.certificates.erase) gone.push_back(all.certificates.at(id));
    if (!with_.records.commit(step)) return note_disk();
    for (const auto& each : gone) {
        holdings_.remove(each);
        with_.served.remove(each.id);
    }
    if (!gone.empty()) on_change_();
    log::info("store.tidied", {{"certificates", gone.size()}, {"orders", step.orders.erase.size()}});
}

checked<void> manager::renew(const std::string& name)
{
    const auto* which = want_for(name);
    if (which == nullptr) {
        return std::unexpected(
            problem{name, "no route is served over TLS under this name; lintel cert list names those that are"});
    }
    if (is_covered_by_files(*which))
        return std::unexpected(problem{name, "a certificate of a file covers it: that one is yours to renew"});
    store::changes step;
    for (const auto& each : which->issuers) {
        if (const auto* whose = find_issuer(each)) forgive(with_.records, *whose, which->names, step);
    }
    if (auto written = with_.records.commit(step); !written) return written;
    if (look_at(*which, wall_clock::now()) == outlook::hopeless)
        return std::unexpected(problem{name, state_of(*which, wall_clock::now()).why});
    forced_.insert(key_of(which->names));
    news_.notify();
    return {};
}

task<checked<void>> manager::revoke(std::string id, int reason)
{
    const auto& all = with_.records.contents().certificates;
    auto known = all.find(id);
    if (known == all.end()) co_return std::unexpected(problem{id, "there is no certificate with this id"});
    const auto* whose = find_issuer(known->second.issuer);
    if (whose == nullptr) co_return std::unexpected(problem{id, why_unknown(known->second.issuer)});
    auto chain = known->second.chain_pem;
    auto who = co_await accounts_.enter(*whose);
    if (!who) co_return std::unexpected(problem{whose->name, sentence_of(who.error())});
    auto revoked = co_await accounts_.client_of(*whose).revoke(*who, chain, reason);
    bool gone = revoked || revoked.error().type == "alreadyRevoked";
    if (!gone) co_return std::unexpected(problem{whose->name, sentence_of(revoked.error())});
    known = all.find(id);
    if (known == all.end()) co_return checked<void>{};
    store::changes step;
    holdings_.remove(known->second);
    step.certificates.erase.push_back(id);
    auto written = with_.records.commit(step);
    with_.served.remove(id);
    on_change_();
    news_.notify();
    co_return written;
}

}  // namespace lintel::acme
