#include "acme/clock_jump.hpp"

#include "acme/renewal.hpp"

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr duration corrections = 5min;  ///< what a clock that runs well is set back by now and then

}  // namespace

store::changes after_clock_jump(const store::contents& all, wall_clock::time_point now)
{
    store::changes step;
    auto ahead = now + corrections;
    for (const auto& [subject, each] : all.setbacks) {
        if (each.last_try <= ahead) continue;
        auto mended = each;
        mended.last_try = now;
        mended.next_try = now + std::max(each.next_try - each.last_try, wall_clock::duration::zero());
        step.setbacks.put.push_back(std::move(mended));
    }
    for (const auto& [key, each] : all.buckets) {
        if (each.updated > ahead) step.buckets.put.push_back({key, each.tokens, now});
    }
    for (const auto& [id, each] : all.certificates) {
        if (each.ask_again_at <= ahead + longest_advice_pause) continue;
        auto mended = each;
        mended.ask_again_at = now;
        step.certificates.put.push_back(std::move(mended));
    }
    return step;
}

bool is_empty(const store::changes& step)
{
    auto none = [](const auto& table) { return table.put.empty() && table.erase.empty(); };
    return none(step.certificates) && none(step.accounts) && none(step.orders) && none(step.setbacks) &&
           none(step.buckets);
}

}  // namespace lintel::acme
