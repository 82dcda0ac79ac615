#include "link/subscriber.hpp"

#include "base/log.hpp"
#include "model/json.hpp"
#include "net/frames.hpp"
#include "net/socket.hpp"
#include "net/task_group.hpp"

#include <unistd.h>

namespace lintel::link {

using namespace std::chrono_literals;

subscriber::subscriber(net::worker& home, std::string path, std::string edge, callbacks calls)
    : home_(home), path_(std::move(path)), edge_(std::move(edge)), calls_(std::move(calls)), queued_(home)
{
}

task<void> subscriber::run()
{
    net::event pause(home_);
    auto back_off = 50ms;
    for (;;) {
        auto address = net::address::of_unix(path_);
        auto control = co_await net::connect(home_, address.value(), 5s);
        if (control) {
            back_off = 50ms;
            co_await converse(**control);
            log::info("link.lost", {{"then", "serving the last snapshot until control is back"}});
        } else {
            log::debug("link.away", {{"why", control.error().message()}});
        }
        co_await pause.wait_until(steady_clock::now() + back_off);
        back_off = std::min(back_off * 2, 1000ms);
    }
}

void subscriber::report(message what)
{
    if (!connected_) return;
    if (std::holds_alternative<stats>(what) && !queue_.empty()) return;  // control is slow: the next ones say the same
    queue_.push_back(encode(what));
    queued_.notify();
}

task<void> subscriber::converse(net::stream& control)
{
    if (!co_await greet(control)) co_return;
    struct mark {
        bool& connected;
        ~mark() { connected = false; }
    } connected{connected_ = true};
    queue_.clear();
    for (auto& each : calls_.endpoints()) report(std::move(each));
    net::task_group sender(home_);
    sender.spawn("link.send", send(control));
    co_await sender.alongside(receive(control));
}

task<bool> subscriber::greet(net::stream& control)
{
    hello ours{protocol, edge_, ::getpid(), serving_, ticket_keys_};
    if (!co_await net::write_frame(control, encode(ours))) co_return false;
    auto frame = co_await net::read_frame(control);
    if (!frame) co_return false;
    auto answer = decode(*frame);
    const auto* theirs = answer ? std::get_if<hello>(&*answer) : nullptr;
    if (theirs == nullptr || theirs->protocol != protocol) {
        log::error("link.refused",
                   {{"why", answer ? "control speaks another version of the link" : answer.error().what}});
        co_return false;
    }
    take_keys(*theirs);
    co_return true;
}

void subscriber::take_keys(const hello& control)
{
    if (control.ticket_keys.empty() || control.ticket_keys == ticket_keys_) return;
    ticket_keys_ = control.ticket_keys;
    std::vector<std::string> secrets;
    for (const auto& each : ticket_keys_) secrets.push_back(each.secret);
    calls_.use_ticket_keys(secrets);
}

task<void> subscriber::receive(net::stream& control)
{
    model::delta step;
    for (;;) {
        auto frame = co_await net::read_frame(control);
        if (!frame) co_return;
        if (is_message(*frame)) {
            auto what = decode(*frame);  // of a newer control it may be anything: nothing here depends on it
            if (const auto* again = what ? std::get_if<hello>(&*what) : nullptr) take_keys(*again);
            if (const auto* none = what ? std::get_if<refusal>(&*what) : nullptr) calls_.refuse(none->name);
            continue;
        }
        auto committed = model::decode(*frame, step);
        if (!committed) {
            // Half a delta must not be applied: start over with a full snapshot.
            log::error("link.malformed", {{"why", committed.error().what}});
            co_return;
        }
        if (!*committed) continue;
        auto whole = std::exchange(step, {});
        auto rejected = co_await calls_.apply(whole);
        serving_ = true;
        report(ack{whole.version, std::move(rejected)});
    }
}

task<void> subscriber::send(net::stream& control)
{
    for (;;) {
        if (queue_.empty()) {
            co_await queued_.wait();
            continue;
        }
        auto frame = std::move(queue_.front());
        queue_.pop_front();
        if (!co_await net::write_frame(control, frame)) co_return control.close();
    }
}

}  // namespace lintel::link
