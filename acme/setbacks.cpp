#include "acme/setbacks.hpp"

#include "acme/limits.hpp"
#include "acme/renewal.hpp"
#include "acme/wants.hpp"

#include <algorithm>

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr duration longest_pause_of_ours = 10min;  ///< after what no CA heard of: the owner mends it meanwhile
constexpr duration pause_of_the_limited = 1h;      ///< after a 429 that does not say how long

using names_of_order = std::vector<std::string>;

std::string of_failures(const issuer& whose, const names_of_order& names) { return whose.name + ' ' + key_of(names); }
std::string of_these(const issuer& whose, const names_of_order& names) { return whose.name + " told " + key_of(names); }
std::string of_domain(const issuer& whose, const std::string& domain) { return whose.name + " domain " + domain; }

const store::setback_record* find(const vault& records, const std::string& subject)
{
    const auto& all = records.contents().setbacks;
    auto known = all.find(subject);
    return known == all.end() ? nullptr : &known->second;
}

bool is_limit(const failure& why)
{
    return why.type == "rateLimited" || why.status == 429 || (why.status == 503 && why.retry_after);
}

/// Whose limit it is: that of a name is told with the name, that of a registered domain with the domain.
std::vector<std::string> limited_subjects(const issuer& whose, const names_of_order& names, const failure& why)
{
    std::vector<std::string> domains;
    for (const auto& name : names) {
        auto domain = registered_domain(name);
        if (name != domain && why.detail.contains(name)) return {of_these(whose, names)};
        if (why.detail.contains(domain)) domains.push_back(of_domain(whose, domain));
    }
    return domains.empty() ? std::vector{whose.name} : domains;
}

wall_clock::time_point after(wall_clock::time_point now, duration pause)
{
    return now + std::chrono::duration_cast<wall_clock::duration>(pause);
}

}  // namespace

const store::setback_record* setback_of(const vault& records, const issuer& whose, const names_of_order& names)
{
    return find(records, of_failures(whose, names));
}

const store::setback_record* hold_on(const vault& records, const issuer& whose, const names_of_order& names,
                                     wall_clock::time_point now)
{
    const store::setback_record* longest = nullptr;
    auto look_at = [&](const std::string& subject) {
        const auto* known = find(records, subject);
        bool holds = known != nullptr && known->next_try > now;
        if (holds && (longest == nullptr || known->next_try > longest->next_try)) longest = known;
    };
    look_at(whose.name);
    look_at(of_these(whose, names));
    for (const auto& name : names) look_at(of_domain(whose, registered_domain(name)));
    return longest;
}

wall_clock::time_point held_until(const vault& records, const issuer& whose, const names_of_order& names,
                                  wall_clock::time_point now)
{
    auto when = wall_clock::time_point{};
    if (const auto* hold = hold_on(records, whose, names, now)) when = hold->next_try;
    if (const auto* failures = setback_of(records, whose, names)) when = std::max(when, failures->next_try);
    return when;
}

void note_hold(const issuer& whose, const names_of_order& names, const failure& why, wall_clock::time_point now,
               store::changes& into)
{
    if (!is_limit(why)) return;
    auto end = after(now, why.retry_after.value_or(pause_of_the_limited));
    for (auto& subject : limited_subjects(whose, names, why)) {
        into.setbacks.put.push_back({.subject = std::move(subject),
                                     .failures = 1,
                                     .last_try = now,
                                     .next_try = end,
                                     .why = sentence_of(why),
                                     .rehearsed = false});
    }
}

duration note_failure(const vault& records, const issuer& whose, const names_of_order& names, const failure& why,
                      std::string words, wall_clock::time_point now, store::changes& into)
{
    const auto* before = setback_of(records, whose, names);
    auto next = before != nullptr ? *before
                                  : store::setback_record{.subject = of_failures(whose, names),
                                                          .failures = 0,
                                                          .last_try = {},
                                                          .next_try = {},
                                                          .why = {},
                                                          .rehearsed = false};
    bool reached = why.what == failure::kind::refused || why.what == failure::kind::malformed;
    auto pause = retry_pause(++next.failures, reached);
    if (!reached) pause = std::min(pause, longest_pause_of_ours);
    if (is_limit(why) && !why.retry_after) pause = std::max(pause, pause_of_the_limited);
    if (why.retry_after) pause = std::max(pause, *why.retry_after);
    next.rehearsed = false;
    next.last_try = now;
    next.next_try = after(now, pause);
    next.why = std::move(words);
    into.setbacks.put.push_back(std::move(next));
    return pause;
}

void forgive(const vault& records, const issuer& whose, const names_of_order& names, store::changes& into)
{
    if (const auto* known = setback_of(records, whose, names)) into.setbacks.erase.push_back(known->subject);
}

}  // namespace lintel::acme
