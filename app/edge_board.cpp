#include "app/edge_board.hpp"

namespace lintel::app {

using namespace std::chrono_literals;

namespace {

constexpr duration patience = 10s;

}  // namespace

task<bool> edge_board::show(std::vector<model::challenge> what)
{
    model::delta step;
    for (auto& each : what) {
        auto id = model::id_of(each);
        step.upsert.challenges.insert_or_assign(std::move(id), std::move(each));
    }
    auto version = publisher_.publish(std::move(step));
    auto end = steady_clock::now() + patience;
    net::event changed(home_);
    struct listed {
        std::list<net::event*>& all;
        std::list<net::event*>::iterator here;
        ~listed() { all.erase(here); }
    } mine{waiting_, waiting_.insert(waiting_.end(), &changed)};
    while (!is_in_force(version) && steady_clock::now() < end) co_await changed.wait_until(end);
    co_return is_in_force(version);
}

void edge_board::take_down(const std::vector<model::challenge>& what)
{
    model::delta step;
    for (const auto& each : what) {
        auto id = model::id_of(each);
        if (publisher_.current().challenges.contains(id)) step.remove.challenges.push_back(std::move(id));
    }
    publisher_.publish(std::move(step));
}

}  // namespace lintel::app
