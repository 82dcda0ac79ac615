#include "discovery/container_book.hpp"

#include "base/log.hpp"
#include "discovery/labels.hpp"

namespace lintel::discovery {

using namespace std::chrono_literals;

void container_book::on_event(const engine_event& event, time_point now)
{
    using enum engine_event::kind;
    switch (event.what) {
        case signalled: return this->signalled(event.container, event.signal, now);
        case ended: return this->ended(event.container);
        case removed: return this->removed(event.container);
        case started: stop_draining(pages_[event.container]); [[fallthrough]];
        case changed: look_at(event.container); look_at_sharers(event.container);
    }
}

void container_book::look_at(const std::string& id)
{
    auto& known = pages_[id];
    if (known.under_way) known.again = true;
    if (known.under_way || known.queued) return;
    known.queued = true;
    queue_.push_back(id);
}

void container_book::look_at_all()
{
    for (auto& [id, known] : pages_) look_at(id);
}

std::optional<std::string> container_book::take_next()
{
    while (!queue_.empty() && under_way_ < limit_inspections) {
        auto id = std::move(queue_.front());
        queue_.pop_front();
        auto found = pages_.find(id);
        if (found == pages_.end() || !found->second.queued) continue;  // removed meanwhile
        found->second.queued = false;
        found->second.under_way = true;
        ++under_way_;
        return id;
    }
    return {};
}

void container_book::inspected(const std::string& id, const std::optional<container>& answer)
{
    --under_way_;
    auto& known = pages_.at(id);
    known.under_way = false;
    bool again = std::exchange(known.again, false);
    bool outdated = std::exchange(known.outdated, false);
    if (!answer) return removed(id);
    if (!outdated) apply(id, known, *answer);
    if (again) return look_at(id);
    if (!known.last) pages_.erase(id);
}

void container_book::failed(const std::string& id)
{
    --under_way_;
    auto& known = pages_.at(id);
    known.under_way = known.again = known.outdated = false;
}

void container_book::forget_inspections()
{
    queue_.clear();
    under_way_ = 0;
    std::erase_if(pages_, [](const auto& each) { return !each.second.last; });
    for (auto& [id, known] : pages_) known.queued = known.under_way = known.again = known.outdated = false;
}

time_point container_book::next_undrain() const
{
    auto next = time_point::max();
    for (const auto& [id, known] : pages_) next = std::min(next, known.drain_ends);
    return next;
}

void container_book::undrain(time_point now)
{
    for (auto& [id, known] : pages_) {
        if (known.drain_ends > now) continue;
        stop_draining(known);
        if (!known.last) continue;
        log::warn("container.lives_on", {{"container", known.last->name}, {"why", "it was told to stop and has not"}});
        publish(id, known);
    }
}

/// The page is made even for a container that nobody has looked at yet: the inspect that is to come says "running".
void container_book::signalled(const std::string& id, std::string_view signal, time_point now)
{
    static const container unknown;
    auto& known = pages_[id];
    const auto& what = known.last ? *known.last : unknown;
    if (!known.last) look_at(id);
    if (!is_stopping_signal(what, signal)) return;
    known.draining = true;
    known.drain_ends = now + what.stop_timeout + 1s;
    if (known.last) publish(id, known);
}

void container_book::ended(const std::string& id)
{
    auto& known = pages_[id];
    stop_draining(known);
    known.outdated = known.under_way;
    if (known.last) {
        known.last->state = container::status::stopped;
        publish(id, known);
    }
    look_at(id);
}

/// An inspect that is under way may still answer what was true before: the page stays until it has been asked again.
void container_book::removed(const std::string& id)
{
    auto& known = pages_[id];
    withdraw(id, known);
    stop_draining(known);
    if (known.under_way) {
        known.again = known.outdated = true;
    } else {
        pages_.erase(id);
    }
    look_at_sharers(id);
}

void container_book::apply(const std::string& id, page& known, container what)
{
    if (!has_routing_labels(what.labels)) return withdraw(id, known);
    if (auto owner = network_owner(what); !owner.empty()) sharers_[owner].insert(id);
    if (!known.last) ++published_;
    known.last = std::move(what);
    publish(id, known);
}

void container_book::publish(const std::string& id, const page& known)
{
    auto what = *known.last;
    what.draining = known.draining;
    into_.put(id, read_labels(what, settings_));
}

void container_book::withdraw(const std::string& id, page& known)
{
    if (!known.last) return;
    if (auto owner = sharers_.find(network_owner(*known.last)); owner != sharers_.end()) {
        owner->second.erase(id);
        if (owner->second.empty()) sharers_.erase(owner);
    }
    known.last.reset();
    --published_;
    into_.remove(id);
}

void container_book::look_at_sharers(const std::string& id)
{
    auto found = sharers_.find(id);
    if (found == sharers_.end()) return;
    for (const auto& sharer : found->second) look_at(sharer);
}

void container_book::stop_draining(page& known)
{
    known.draining = false;
    known.drain_ends = time_point::max();
}

}  // namespace lintel::discovery
