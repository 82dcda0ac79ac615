#include "acme/manager.hpp"

#include "acme/renewal.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "net/dns_query.hpp"

#include <algorithm>

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_at_once = 32;   ///< orders under way
constexpr duration longest_sleep = 1min;   ///< the wall clock may jump
constexpr duration disk_pause = 30s;       ///< after a write that failed
constexpr duration advice_pause = 1h;      ///< after a CA that did not answer about a renewal
constexpr duration no_advice_pause = 24h;  ///< of a CA without ARI

double random_share()
{
    std::array<std::byte, 4> bytes{};
    crypto::random_bytes(bytes);
    std::uint32_t number = 0;
    for (auto each : bytes) number = number << 8 | std::to_integer<std::uint32_t>(each);
    return number / 4294967296.0;
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

task<void> manager::run()
{
    for (;;) {
        auto next = start_due(wall_clock::now());
        auto sleep = std::min<duration>(longest_sleep, std::max<duration>(next - wall_clock::now(), 10ms));
        co_await news_.wait_until(steady_clock::now() + sleep);
    }
}

/// Begins what is due, as far as there is room; returns when the next one is.
wall_clock::time_point manager::start_due(wall_clock::time_point now)
{
    auto next = now + std::chrono::duration_cast<wall_clock::duration>(longest_sleep);
    if (!with_.records.trouble().empty() && now < disk_again_) return std::min(next, disk_again_);
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
    bool forced = forced_.contains(key_of(which.names));
    if (best != nullptr && !forced && renewal_time(*best) > now) return outlook::satisfied;
    bool by_file = best == nullptr &&
                   std::ranges::all_of(which.names, [&](const auto& each) { return with_.served.covers(each); });
    if (by_file) return outlook::satisfied;
    bool anybody = std::ranges::any_of(which.issuers, [&](const auto& name) {
        const auto* whose = find_issuer(name);
        return whose != nullptr && why_not(*whose, which).empty();
    });
    return anybody ? outlook::open : outlook::hopeless;
}

const issuer* manager::find_issuer(const std::string& name) const
{
    auto known = with_.settings.issuers.find(name);
    return known == with_.settings.issuers.end() ? nullptr : &known->second;
}

/// Why this issuer is not asked at all, whatever the time; empty: it may be.
std::string manager::why_not(const issuer& whose, const acme::want& which) const
{
    if (!whose.is_private) {
        for (const auto& name : which.names) {
            if (auto why = why_not_public(name); !why.empty()) return why;
        }
    }
    if (with_.settings.terms_accepted()) return "";
    return "the terms of service of " + whose.name +
           " are not accepted yet: set email: YOU@EXAMPLE (or accept_terms: true) in lintel.yaml, and its certificates "
           "are "
           "ordered";
}

const store::setback_record* manager::setback_of(const std::string& subject) const
{
    const auto& all = with_.records.contents().setbacks;
    auto known = all.find(subject);
    return known == all.end() ? nullptr : &known->second;
}

wall_clock::time_point manager::held_until(const issuer& whose, const acme::want& which) const
{
    auto when = wall_clock::time_point{};
    for (const auto& subject : {whose.name, subject_of(whose, which.names)}) {
        if (const auto* known = setback_of(subject)) when = std::max(when, known->next_try);
    }
    return when;
}

wall_clock::time_point manager::next_chance(const acme::want& which, wall_clock::time_point now) const
{
    auto soonest = wall_clock::time_point::max();
    for (const auto& name : which.issuers) {
        const auto* whose = find_issuer(name);
        if (whose != nullptr && why_not(*whose, which).empty()) soonest = std::min(soonest, held_until(*whose, which));
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
    for (const auto& name : which.issuers) {
        if (name == local_issuer_name) break;
        const auto* whose = find_issuer(name);
        bool may = whose != nullptr && why_not(*whose, which).empty() && held_until(*whose, which) <= wall_clock::now();
        if (!may) continue;
        auto got = co_await try_issuer(tools, *whose, which.names, holdings_.best_for(which.names), tell);
        if (got) {
            forced_.erase(key);
            keep(std::move(*got));
            break;
        }
        if (!with_.records.trouble().empty()) note_disk();
    }
    on_change_();
}

/// Certificate in; order, set-back and predecessor out: one step. Where the disk refuses it is served all the same, and
/// the order, which is still written down, gives it once more.
void manager::keep(attempt_result got)
{
    auto& [made, order] = got;
    store::changes step;
    step.certificates.put.push_back(made);
    step.orders.erase.push_back(order.id);
    for (const auto& [name, whose] : with_.settings.issuers) {
        auto subject = subject_of(whose, order.names);
        if (setback_of(subject) != nullptr) step.setbacks.erase.push_back(subject);
    }
    const auto& all = with_.records.contents().certificates;
    auto old = all.find(order.predecessor);
    bool replaced = old != all.end() && old->first != made.id && key_of(old->second.names) == key_of(made.names);
    if (replaced) {
        holdings_.remove(old->second);
        step.certificates.erase.push_back(order.predecessor);
    }
    if (with_.records.commit(step)) {
        holdings_.add(made);
    } else {
        note_disk();
    }
    with_.served.put(made);
    if (replaced) with_.served.remove(order.predecessor);
    log::info(
        "acme.issued",
        {{"issuer", made.issuer},
         {"names", text::join(made.names, ",")},
         {"until_s", std::chrono::duration_cast<std::chrono::seconds>(made.not_after - wall_clock::now()).count()}});
}

void manager::take_over(const store::certificate_record& what)
{
    holdings_.add(what);
    news_.notify();
}

void manager::note_disk()
{
    disk_again_ = wall_clock::now() + std::chrono::duration_cast<wall_clock::duration>(disk_pause);
}

/// ARI (RFC 9773) of certificates that are wanted: when their CA would have them renewed.
void manager::ask_for_advice(wall_clock::time_point now)
{
    for (const auto& [key, which] : wants_) {
        if (advised_.size() >= most_at_once) return;
        const auto* best = holdings_.best_for(which.names);
        if (best == nullptr || best->ask_again_at > now || advised_.contains(best->id)) continue;
        if (find_issuer(best->issuer) == nullptr) continue;
        advised_.insert(best->id);
        tasks_.spawn("acme.advice", take_advice(best->id));
    }
}

task<void> manager::take_advice(std::string id)
{
    struct leaving {
        manager& of;
        const std::string& id;
        ~leaving()
        {
            of.advised_.erase(id);
            of.news_.notify();
        }
    } at_the_end{*this, id};
    const auto& all = with_.records.contents().certificates;
    auto named = renewal_id(all.at(id).chain_pem);
    const auto* whose = find_issuer(all.at(id).issuer);
    auto advice = co_await accounts_.client_of(*whose).renewal_info(named);
    auto known = all.find(id);
    if (known == all.end()) co_return;
    auto next = known->second;
    auto now = wall_clock::now();
    if (advice && *advice) {
        bool moved = follow(next, **advice, random_share(), now);
        if (moved && known->second.window_start != wall_clock::time_point{}) {
            log::warn("acme.renewal_moved",
                      {{"names", text::join(next.names, ",")}, {"why", (*advice)->explanation_url}});
        }
    } else {
        auto pause = advice ? no_advice_pause : advice.error().retry_after.value_or(advice_pause);
        next.ask_again_at = now + std::chrono::duration_cast<wall_clock::duration>(pause);
    }
    store::changes step;
    step.certificates.put.push_back(std::move(next));
    if (!with_.records.commit(step)) disk_again_ = now + std::chrono::duration_cast<wall_clock::duration>(disk_pause);
}

checked<void> manager::renew(const std::string& name)
{
    const auto* which = want_for(name);
    if (which == nullptr) {
        return std::unexpected(
            problem{name, "no route is served over TLS under this name; lintel cert list names those that are"});
    }
    store::changes step;
    for (const auto& each : which->issuers) {
        const auto* whose = find_issuer(each);
        if (whose == nullptr) continue;
        auto subject = subject_of(*whose, which->names);
        if (setback_of(subject) != nullptr) step.setbacks.erase.push_back(subject);
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
    if (whose == nullptr)
        co_return std::unexpected(
            problem{id, "its issuer " + known->second.issuer + " is not in lintel.yaml (any more)"});
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
