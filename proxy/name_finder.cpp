#include "proxy/name_finder.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace lintel::proxy {

namespace {

using namespace std::chrono_literals;

constexpr duration between_questions = 1s;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_label(std::string_view label)
{
    constexpr std::size_t longest = 63;  // RFC 1035 §2.3.4
    auto fits = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-'; };
    return !label.empty() && label.size() <= longest && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, fits);
}

}  // namespace

bool may_be_public(std::string_view name)
{
    constexpr std::size_t longest = 253;
    auto dot = name.rfind('.');
    if (name.size() > longest || dot == name.npos) return false;
    auto last = name.substr(dot + 1);
    bool is_address = std::ranges::all_of(last, is_digit);  // no top-level domain is a number (RFC 3696 §2)
    return !is_address && std::ranges::all_of(text::split(name, '.'), is_label);
}

name_finder::name_finder(net::worker& home, net::snapshot_cell<route_table>::reader& routes,
                         const tls::server& published, limits most, std::function<void(std::string)> ask)
    : home_(home), routes_(routes), published_(published), most_(most), ask_(std::move(ask))
{
}

bool name_finder::is_pending(std::string_view server_name)
{
    if (!ask_ || given_up_ || !routes_.get()->asks()) return false;
    return waiting_.size() < most_.handshakes && may_be_public(server_name);
}

task<void> name_finder::found(std::string server_name, time_point end)
{
    auto place = waiting_.emplace(waiting_.end(), server_name, home_);
    struct listed {
        ~listed() { list.erase(place); }
        std::list<waiter>& list;
        std::list<waiter>::iterator place;
    } here{waiting_, place};
    end = std::min(end, steady_clock::now() + most_.patience);
    for (bool told = false; !told && steady_clock::now() < end;) {
        ask_(server_name);
        told = co_await place->again.wait_until(std::min(end, steady_clock::now() + between_questions));
    }
}

void name_finder::look_again()
{
    for (auto& each : waiting_) {
        if (published_.has_certificate_for(each.name)) each.again.notify();
    }
}

void name_finder::refuse(std::string_view name)
{
    for (auto& each : waiting_) {
        if (each.name == name) each.again.notify();
    }
}

void name_finder::give_up()
{
    given_up_ = true;
    for (auto& each : waiting_) each.again.notify();
}

bool asked_names::is_due(const std::string& name, time_point now)
{
    auto is_old = [&](const auto& each) { return now - each.second >= between_questions; };
    if (auto known = asked_.find(name); known != asked_.end()) {
        if (!is_old(*known)) return false;
        known->second = now;
        return true;
    }
    if (asked_.size() >= most) std::erase_if(asked_, is_old);
    if (asked_.size() >= most) return false;
    asked_.emplace(name, now);
    return true;
}

}  // namespace lintel::proxy
