#include "net/resolver.hpp"

#include "net/error.hpp"

#include <algorithm>

namespace lintel::net {

using namespace std::chrono_literals;

namespace {

constexpr duration shortest_life = 1s, longest_life = 60s;
constexpr duration patience = 200ms;  ///< with a question that runs while there is something to use (RFC 8305 §3)

address with_port(const address& which, std::uint16_t port) { return address::of_ip(which.ip(), port).value(); }

}  // namespace

struct resolver::known_name {
    /// The last good answer of each family.
    std::vector<address> v6, v4;
    time_point good_until{};
    time_point used{};

    time_point asked{};
    int unanswered = 0;  ///< families whose question runs
    int absences = 0;    ///< of the running or last question, as `failures`
    int failures = 0;
    bool failing = false;     ///< the last whole question had failures: nobody who has an old answer waits for the next
    duration life{};          ///< of what the running question has found so far
    std::list<event*> waits;  ///< lookups that wait for an answer

    bool usable() const { return !v6.empty() || !v4.empty(); }
};

resolver::resolver(worker& home, const std::vector<address>& servers) : home_(home), channel_(home, servers) {}

task<result<std::vector<address>>> resolver::resolve(std::string host, std::uint16_t port)
{
    lookup question(*this, std::move(host), port);
    co_return co_await question.run(time_point::max());
}

std::shared_ptr<resolver::known_name> resolver::find(const std::string& host)
{
    auto known = names_.find(host);
    if (known == names_.end()) {
        make_room();
        known = names_.emplace(host, std::make_shared<known_name>()).first;
    }
    known->second->used = steady_clock::now();
    return known->second;
}

/// Drops the name that was used longest ago, even one that is being asked for: whoever waits still gets its answer.
void resolver::make_room()
{
    if (names_.size() < most_names) return;
    names_.erase(std::ranges::min_element(names_, {}, [](const auto& each) { return each.second->used; }));
}

void resolver::refresh(const std::string& host, const std::shared_ptr<known_name>& name)
{
    if (name->unanswered > 0) return;
    name->asked = steady_clock::now();
    auto v6 = channel_.in_hosts_file(host, AF_INET6), v4 = channel_.in_hosts_file(host, AF_INET);
    if (!v6.empty() || !v4.empty()) {
        name->v6 = std::move(v6);
        name->v4 = std::move(v4);
        name->good_until = name->asked + shortest_life;
        name->failing = false;
        return;
    }
    name->life = longest_life;
    name->absences = name->failures = 0;
    name->unanswered = 2;
    for (int family : {AF_INET6, AF_INET}) {
        channel_.ask(host, family,
                     [this, host, name, family](dns_answer answer) { take(host, *name, family, std::move(answer)); });
    }
}

void resolver::take(const std::string& host, known_name& name, int family, dns_answer answer)
{
    auto& mine = family == AF_INET6 ? name.v6 : name.v4;
    switch (answer.what) {
        case dns_answer::kind::found:
            mine = std::move(answer.addresses);
            name.life = std::min(name.life, answer.life);
            break;
        case dns_answer::kind::absent:
            mine.clear();
            ++name.absences;
            break;
        case dns_answer::kind::failed: ++name.failures; break;
    }
    if (--name.unanswered == 0) {
        name.failing = name.failures > 0;
        auto life = name.failing ? shortest_life : std::max(name.life, shortest_life);
        if (name.usable()) name.good_until = steady_clock::now() + life;
        auto listed = names_.find(host);
        bool mine_to_drop = listed != names_.end() && listed->second.get() == &name;
        if (!name.usable() && mine_to_drop) names_.erase(listed);
    }
    for (auto* each : name.waits) each->notify();
}

lookup::lookup(resolver& names, std::string host, std::uint16_t port)
    : names_(names), host_(std::move(host)), port_(port), answered_(names.home_)
{
}

task<result<std::vector<address>>> lookup::run(time_point end)
{
    if (aborted_) co_return error_code(net::errc::aborted);
    if (auto literal = address::of_ip(host_, port_)) co_return std::vector{*literal};
    auto name = names_.find(host_);
    if (steady_clock::now() >= name->good_until) {
        names_.refresh(host_, name);
        bool old_will_do = name->failing && name->usable();
        if (!old_will_do) co_await wait_for(*name, end);
    }
    co_return outcome(*name);
}

void lookup::abort()
{
    aborted_ = true;
    answered_.notify();
}

/// Until the answer is here or there is enough to go on with.
task<void> lookup::wait_for(resolver::known_name& name, time_point end)
{
    struct place {
        ~place() { of.erase(mine); }
        std::list<event*>& of;
        std::list<event*>::iterator mine;
    };
    place here{name.waits, name.waits.insert(name.waits.end(), &answered_)};
    while (name.unanswered > 0 && !aborted_) {
        auto until = name.usable() ? std::min(end, name.asked + patience) : end;
        if (steady_clock::now() >= until) break;
        co_await answered_.wait_until(until);
    }
}

result<std::vector<address>> lookup::outcome(const resolver::known_name& name) const
{
    if (aborted_) return error_code(net::errc::aborted);
    std::vector<address> found;
    for (const auto& each : name.v6) found.push_back(with_port(each, port_));
    for (const auto& each : name.v4) found.push_back(with_port(each, port_));
    if (!found.empty()) return found;
    if (name.unanswered > 0) return errc::timed_out;
    return name.absences == 2 ? errc::name_not_found : errc::resolver_failed;
}

}  // namespace lintel::net
