#include "link/publisher.hpp"

#include "base/log.hpp"
#include "model/json.hpp"
#include "net/frames.hpp"

namespace lintel::link {

namespace {

constexpr std::size_t frame_fill_bytes = 512 * 1024;  // an object may be larger than what is left; the cap is 1 MiB
constexpr duration ticket_look = std::chrono::minutes(1);

}  // namespace

/// One connected edge.
class publisher::session {
public:
    session(publisher& owner, net::stream& edge) : owner_(owner), edge_(edge), news_(owner.home_) {}

    ~session() { std::erase(owner_.sessions_, this); }

    task<void> run()
    {
        if (!co_await greet()) co_return;
        owner_.sessions_.push_back(this);
        net::task_group sender(owner_.home_);
        sender.spawn("link.send", send());
        co_await sender.alongside(receive());
    }

    void announce() { news_.notify(); }

    /// What is sent after the next ack. An edge that was sent nothing yet gets everything then.
    void owe(const model::delta& step)
    {
        if (sent_ != 0) model::fold(owed_, step);
        announce();
    }

    const std::string& edge_id() const { return id_; }

private:
    task<bool> greet()
    {
        auto frame = co_await net::read_frame(edge_);
        auto first = frame ? decode(*frame) : std::unexpected(problem{"", frame.error().message()});
        const auto* theirs = first ? std::get_if<hello>(&*first) : nullptr;
        if (theirs == nullptr || theirs->protocol != protocol) {
            log::error("link.refused",
                       {{"why", first ? "the edge speaks another version of the link" : first.error().what}});
            co_return false;
        }
        id_ = theirs->edge;
        serving_ = theirs->serving;
        owner_.tickets_.adopt(theirs->ticket_keys, wall_clock::now());
        owner_.renew_ticket_keys(wall_clock::now());
        owner_.view_ = {.connected = true,
                        .serving = serving_,
                        .id = id_,
                        .pid = theirs->pid,
                        .applied = 0,
                        .rejected = {},
                        .counters = {},
                        .endpoints = {}};
        owner_.on_edge_change_();
        co_return co_await greet_back();
    }

    task<bool> greet_back()
    {
        keys_sent_ = owner_.tickets_.keys();
        hello ours;
        ours.ticket_keys = keys_sent_;
        auto sent = co_await net::write_frame(edge_, encode(ours));
        co_return sent.has_value();
    }

    /// Keeps one delta in flight: the next one is made when the ack of the last one is here.
    task<void> send()
    {
        for (;;) {
            if (keys_sent_ != owner_.tickets_.keys() && !co_await greet_back()) co_return edge_.close();
            bool withheld = serving_ && owner_.standing_ == standing::provisional;
            bool owed = owner_.version_ > sent_ && acked_ == sent_ && !withheld;
            if (!owed) {
                co_await news_.wait();
                continue;
            }
            for (const auto& frame : model::encode(take_owed(), frame_fill_bytes)) {
                if (!co_await net::write_frame(edge_, frame)) co_return edge_.close();
            }
        }
    }

    model::delta take_owed()
    {
        auto step = std::exchange(owed_, {});
        step.base = sent_;
        step.version = owner_.version_;
        step.reset = sent_ == 0;
        if (step.reset) step.upsert = owner_.wanted_;
        sent_ = step.version;
        return step;
    }

    task<void> receive()
    {
        for (;;) {
            auto frame = co_await net::read_frame(edge_);
            if (!frame) co_return;
            if (auto what = decode(*frame)) {
                take(*what);
            } else {
                log::warn("link.ignored", {{"why", what.error().what}});
            }
        }
    }

    void take(const message& what)
    {
        if (const auto* done = std::get_if<ack>(&what)) {
            acked_ = done->version;
            news_.notify();
            for (const auto& each : done->rejected) {
                log::error("link.rejected", {{"kind", each.kind}, {"id", each.id}, {"why", each.why}});
            }
        }
        if (const auto* wanted = std::get_if<ask>(&what)) return owner_.on_ask_(wanted->name);
        if (owner_.view_.id != id_) return;  // a newer edge serves already
        if (const auto* done = std::get_if<ack>(&what)) {
            owner_.view_.applied = done->version;
            owner_.view_.rejected = done->rejected;
        }
        if (const auto* numbers = std::get_if<stats>(&what)) owner_.view_.counters = numbers->counters;
        if (const auto* seen = std::get_if<endpoint_report>(&what)) owner_.view_.endpoints[seen->id] = *seen;
        owner_.on_edge_change_();
    }

    publisher& owner_;
    net::stream& edge_;
    net::event news_;
    std::string id_;
    model::delta owed_;
    std::vector<ticket_key> keys_sent_;
    std::uint64_t sent_ = 0, acked_ = 0;
    bool serving_ = false;
};

publisher::publisher(net::worker& home, int socket, unsigned peer_uid, std::function<void()> on_edge_change,
                     std::function<void(const std::string&)> on_ask)
    : home_(home),
      listener_(home, socket),
      peer_uid_(peer_uid),
      on_edge_change_(std::move(on_edge_change)),
      on_ask_(std::move(on_ask)),
      tasks_(home)
{
}

publisher::~publisher() = default;

task<void> publisher::run()
{
    tasks_.spawn("link.tickets", keep_renewing());
    co_await tasks_.alongside(accept());
}

/// The wall clock is asked each time: it jumps, and goes on while the machine is suspended. The first key waits for the
/// first edge, which may have some.
task<void> publisher::keep_renewing()
{
    net::event never(home_);
    for (;;) {
        co_await never.wait_until(steady_clock::now() + ticket_look);
        if (!tickets_.keys().empty()) renew_ticket_keys(wall_clock::now());
    }
}

void publisher::renew_ticket_keys(wall_clock::time_point now)
{
    if (!tickets_.renew(now)) return;
    for (auto* each : sessions_) each->announce();
}

task<void> publisher::accept()
{
    while (auto edge = co_await listener_.accept()) {
        auto uid = edge->peer_uid();
        if (uid != peer_uid_) {
            log::error("link.refused", {{"why", "another user's process"}, {"uid", uid.value_or(0)}});
            continue;
        }
        tasks_.spawn("link.edge", serve(std::move(edge)));
    }
}

task<void> publisher::serve(std::unique_ptr<net::stream> edge)
{
    session one(*this, *edge);
    co_await one.run();
    if (view_.id != one.edge_id()) co_return;
    view_.connected = false;
    on_edge_change_();
}

std::uint64_t publisher::publish(model::delta step, standing how)
{
    bool known = version_ > 0 && step.empty() && how == standing_;
    if (known) return version_;
    standing_ = how;
    ++version_;
    for (auto* each : sessions_) each->owe(step);
    for (const auto& id : step.remove.endpoints) view_.endpoints.erase(id);
    model::apply(wanted_, step);
    return version_;
}

}  // namespace lintel::link
