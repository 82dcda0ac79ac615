#include "proxy/upstream/endpoint.hpp"

#include "model/json.hpp"

namespace lintel::proxy {

using model::readiness;

endpoint::endpoint(std::string id, const model::endpoint& spec, std::size_t workers)
    : id_(std::move(id)), host_(spec.host), port_(spec.port), verdict_(spec.ready), shares_(workers)
{
    follow(spec);
}

bool endpoint::set_reachable(bool now)
{
    if (now) {
        answered_once_ = true;
        ready_since_.store(steady_clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    }
    return reachable_.exchange(now, std::memory_order_acq_rel) != now;
}

void endpoint::failed_to_answer(time_point now)
{
    constexpr std::uint32_t tolerated = 2;
    constexpr duration shortest = std::chrono::seconds(1), longest = std::chrono::seconds(30);
    auto failures = failures_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (failures <= tolerated || shunned()) return;
    auto doublings = std::min(failures - tolerated - 1, 5U);
    auto until = now + std::min(shortest * (1U << doublings), longest);
    shunned_until_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
}

void endpoint::answered()
{
    if (failures_.load(std::memory_order_relaxed) == 0) return;
    failures_.store(0, std::memory_order_relaxed);
    shunned_until_.store(0, std::memory_order_relaxed);
}

void endpoint::check_for(const std::string& of, const endpoint_check& what)
{
    if (!what.how.grpc && checked_for_ != of) return;
    checked_for_ = what.how.grpc ? of : "";
    check_ = what;
}

std::string endpoint::authority() const
{
    bool v6 = host_.find(':') != std::string::npos;
    return (v6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
}

void endpoint::follow(const model::endpoint& spec)
{
    draining_ = spec.draining;
    // An endpoint that this edge serves already stays confirmed while the engine is away (decisions.md).
    bool known = allowed_ && spec.ready == readiness::unconfirmed;
    if (known) return;
    bool was_allowed = allowed_;
    verdict_ = spec.ready;
    if (!was_allowed && spec.ready == readiness::ready) set_reachable(true);  // its HEALTHCHECK just passed
    if (!was_allowed && spec.ready == readiness::probe)
        set_reachable(false);  // new, or stopped meanwhile: it must answer first
    allowed_ = spec.ready == readiness::ready || spec.ready == readiness::probe;
}

std::string_view endpoint::state() const
{
    if (draining()) return "draining";
    auto verdict = verdict_.load();
    if (verdict != readiness::ready && verdict != readiness::probe) return model::name_of(verdict);
    if (reachable()) return "ready";
    return verdict == readiness::ready || answered_once_ ? "suspect" : "candidate";
}

std::uint32_t endpoint::in_flight() const
{
    std::uint32_t sum = 0;
    for (const auto& each : shares_) sum += each.in_flight.load(std::memory_order_relaxed);
    return sum;
}

}  // namespace lintel::proxy
