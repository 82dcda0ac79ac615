#include "acme/on_demand.hpp"

#include "acme/limits.hpp"
#include "base/log.hpp"

#include <algorithm>

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr duration answer_limit = 2s;
constexpr duration yes_lasts = 1h, no_lasts = 1min, no_answer_lasts = 5s;
constexpr std::size_t most_questions = 32, most_verdicts = 10'000;
constexpr double names_per_hour = 60, names_per_domain_per_hour = 10;

std::vector<allowance> costs_of(const std::string& name)
{
    return {{"on demand", names_per_hour, 1h}, {"on demand " + registered_domain(name), names_per_domain_per_hour, 1h}};
}

}  // namespace

on_demand::on_demand(net::worker& home, http::fetcher& fetcher, vault& records, std::function<void()> on_yes,
                     std::function<void(const std::string&)> on_no)
    : fetcher_(fetcher), vault_(records), on_yes_(std::move(on_yes)), on_no_(std::move(on_no)), tasks_(home)
{
}

void on_demand::use(std::string url)
{
    if (url == url_) return;
    url_ = std::move(url);
    verdicts_.clear();
}

void on_demand::ask(const std::string& name)
{
    if (asking_.contains(name)) return;
    auto known = verdicts_.find(name);
    bool settled = known != verdicts_.end() && known->second.until > steady_clock::now();
    if (settled && known->second.yes) return;
    if (settled || !is_on() || asking_.size() >= most_questions) return on_no_(name);
    asking_.insert(name);
    tasks_.spawn("acme.ask", find_out(name));
}

task<void> on_demand::find_out(std::string name)
{
    struct leaving {
        std::set<std::string, std::less<>>& all;
        const std::string& name;
        ~leaving() { all.erase(name); }
    } at_the_end{asking_, name};
    auto url = url_;
    http::fetch_request request;
    request.url = url + (url.contains('?') ? '&' : '?') + "domain=" + name;
    request.timeout = answer_limit;
    request.limit_bytes = 64U << 10;
    auto got = co_await fetcher_.fetch(std::move(request));
    if (url != url_) co_return on_no_(name);
    bool yes = got && got->status / 100 == 2;
    auto lasts = yes ? yes_lasts : got ? no_lasts : no_answer_lasts;
    if (!got) log::warn("acme.ask_failed", {{"name", name}, {"why", got.error().why}});
    if (yes && is_new(name) && !spend_token(name)) {
        log::warn("acme.ask_capped", {{"name", name}, {"why", "too many new names in this hour"}});
        yes = false;
        lasts = no_lasts;
    }
    make_room();
    verdicts_.insert_or_assign(name, verdict{yes, steady_clock::now() + lasts});
    log::info("acme.asked", {{"name", name}, {"answer", yes ? "yes" : "no"}});
    yes ? on_yes_() : on_no_(name);
}

/// It has no certificate, and was not counted before.
bool on_demand::is_new(const std::string& name) const
{
    auto known = verdicts_.find(name);
    if (known != verdicts_.end() && known->second.yes) return false;
    return std::ranges::none_of(vault_.contents().certificates, [&](const auto& each) {
        return each.second.names.size() == 1 && each.second.names.front() == name;
    });
}

/// False: no more in this hour.
bool on_demand::spend_token(const std::string& name)
{
    auto now = wall_clock::now();
    auto costs = costs_of(name);
    if (earliest(vault_, costs, now) > now) return false;
    store::changes step;
    take(vault_, costs, now, step);
    return vault_.commit(step).has_value();
}

/// The oldest go first.
void on_demand::make_room()
{
    if (verdicts_.size() < most_verdicts) return;
    auto now = steady_clock::now();
    std::erase_if(verdicts_, [&](const auto& each) { return each.second.until <= now; });
    while (verdicts_.size() >= most_verdicts) {
        auto oldest = std::ranges::min_element(verdicts_, {}, [](const auto& each) { return each.second.until; });
        verdicts_.erase(oldest);
    }
}

std::set<std::string> on_demand::names(time_point now) const
{
    std::set<std::string> all;
    for (const auto& [name, each] : verdicts_) {
        if (each.yes && each.until > now) all.insert(name);
    }
    return all;
}

}  // namespace lintel::acme
