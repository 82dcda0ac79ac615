// What the manager hears from CAs of when to renew.

#include "acme/manager.hpp"
#include "acme/renewal.hpp"
#include "acme/setbacks.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_questions = 32;  ///< under way
constexpr duration advice_pause = 1h;       ///< after a CA that did not answer
constexpr duration least_pause = 1min;      ///< whatever a CA says

double random_share()
{
    std::array<std::byte, 4> bytes{};
    crypto::random_bytes(bytes);
    std::uint32_t number = 0;
    for (auto each : bytes) number = number << 8 | std::to_integer<std::uint32_t>(each);
    return number / 4294967296.0;
}

}  // namespace
/// ARI (RFC 9773) of certificates that are wanted: when their CA would have them renewed.
void manager::ask_for_advice(wall_clock::time_point now)
{
    for (const auto& [key, which] : wants_) {
        if (advised_.size() >= most_questions) return;
        const auto* best = holdings_.best_for(which.names);
        if (best == nullptr || best->ask_again_at > now || advised_.contains(best->id)) continue;
        const auto* whose = find_issuer(best->issuer);
        if (whose == nullptr || hold_on(with_.records, *whose, best->names, now) != nullptr) continue;
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
        auto pause = advice ? longest_advice_pause : advice.error().retry_after.value_or(advice_pause);
        pause = std::clamp(pause, least_pause, longest_advice_pause);
        next.ask_again_at = now + std::chrono::duration_cast<wall_clock::duration>(pause);
    }
    store::changes step;
    step.certificates.put.push_back(std::move(next));
    if (!with_.records.commit(step)) note_disk();
}

}  // namespace lintel::acme
