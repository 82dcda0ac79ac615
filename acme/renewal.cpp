#include "acme/renewal.hpp"

#include <algorithm>
#include <array>

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr duration short_life = 10 * 24h;
constexpr duration ask_again_usually = 6h;
constexpr duration ask_again_least = 1min;  // RFC 9773 §4.3.2: clients bound what they are told

constexpr std::array<duration, 27> ladder{1min,  2min,  2min,  5min,  10min, 10min, 10min, 20min, 20min,
                                          20min, 20min, 30min, 30min, 30min, 30min, 30min, 30min, 30min,
                                          30min, 1h,    1h,    1h,    2h,    2h,    3h,    3h,    6h};
constexpr std::array<duration, 4> first_steps{10s, 20s, 40s, 1min};

/// A number from 0 to 1 that is always the same for one certificate.
double share_of(const store::certificate_record& of)
{
    return static_cast<double>(std::hash<std::string>{}(of.id) % 1000) / 1000;
}

wall_clock::time_point part_of_life(const store::certificate_record& of, double part)
{
    auto life = std::chrono::duration<double>(of.not_after - of.not_before);
    return of.not_before + std::chrono::duration_cast<wall_clock::duration>(life * part);
}

}  // namespace

duration retry_pause(int failures, bool reached_the_ca)
{
    auto step = static_cast<std::size_t>(std::max(failures, 1) - 1);
    if (!reached_the_ca && step < first_steps.size()) return first_steps[step];
    return ladder[std::min(step, ladder.size() - 1)];
}

wall_clock::time_point usual_renewal(const store::certificate_record& of)
{
    double part = of.not_after - of.not_before < short_life ? 1.0 / 2 : 2.0 / 3;
    return part_of_life(of, part - 0.02 * share_of(of));
}

wall_clock::time_point renewal_time(const store::certificate_record& of)
{
    if (of.renew_at == wall_clock::time_point{}) return usual_renewal(of);
    return std::min(of.renew_at, part_of_life(of, 19.0 / 20));
}

bool follow(store::certificate_record& of, const renewal_window& advice, double share, wall_clock::time_point now)
{
    auto again = std::clamp(advice.ask_again_in.value_or(ask_again_usually), ask_again_least, longest_advice_pause);
    of.ask_again_at = now + std::chrono::duration_cast<wall_clock::duration>(again);
    if (of.window_start == advice.start && of.window_end == advice.end) return false;
    of.window_start = advice.start;
    of.window_end = advice.end;
    auto width = std::chrono::duration<double>(std::max(advice.end - advice.start, wall_clock::duration::zero()));
    of.renew_at = advice.start + std::chrono::duration_cast<wall_clock::duration>(width * share);
    return true;
}

}  // namespace lintel::acme
