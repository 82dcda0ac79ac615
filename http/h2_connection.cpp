#include "http/h2_connection.hpp"

#include "base/log.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

#include <algorithm>

namespace lintel::http {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t least_read_bytes = 4 * 1024;
constexpr duration recently = 1s;    ///< a write had to wait: there is more than the client takes
constexpr duration farewell = 1s;    ///< how long a client may take to notice that we close
constexpr duration round_trip = 1s;  ///< for a client to hear that we take no further requests

bool is_made_reset(h2_code why)
{
    return why == h2_code::protocol_error || why == h2_code::flow_control_error || why == h2_code::stream_closed ||
           why == h2_code::frame_size_error;
}

}  // namespace

/// Takes an exchange out of its connection, however its task ends.
struct h2_connection::leaving {
    h2_connection& from;
    h2_exchange& one;
    ~leaving()
    {
        --from.running_;
        from.finished(one);
        if (!from.begun_.empty()) from.output_due_.notify();  // there is room for what waits
    }
};

h2_connection::h2_connection(net::worker& home, std::unique_ptr<net::stream> client, const connection_limits& limits,
                             connection_book& book)
    : home_(home),
      client_(std::move(client)),
      limits_(limits),
      session_(h2_session::role::server, *this),
      frames_(h2_preface.size()),
      budget_(home.time()),
      input_(home.buffers()),
      output_(home.buffers()),
      output_due_(home),
      pong_(home),
      idle_since_(home.time()),
      had_to_wait_(idle_since_ - recently),
      writer_(home),
      tasks_(home),
      place_(book, *this)
{
    head_since_ = idle_since_;
}

h2_connection::~h2_connection() = default;

task<void> h2_connection::serve(const observers& by)
{
    by_ = &by;
    client_->set_patience(net::direction::write, limits_.options.write_timeout);
    writer_.spawn("h2.write", write());
    co_await read();
    ending_ = true;
    for (auto& each : streams_) each->leave();
    start_begun();
    client_->set_patience(net::direction::write, farewell);
    output_due_.notify();
    co_await writer_.join();
    done_ = true;
    co_await linger();
    client_->close();
    pong_.notify();
    co_await tasks_.join();
    if (opening_ != nullptr) finished(*opening_);
}

// Reading.

task<void> h2_connection::read()
{
    bool ahead = false;  // a sender that filled a block: larger reads
    while (!ending_) {
        renew_read_deadline();
        auto count = co_await client_->read_into(input_, ahead ? net::buffer_pool::large_bytes : least_read_bytes);
        if (!count && count.error() == net::errc::timed_out && !ending_) read_too_late();
        if (!count || *count == 0) co_return;
        ahead = input_.full();
        receive(input_.bytes());
        input_.consume(input_.size());
        start_begun();
        push();
        if (session_.over()) co_return;
        if (ahead) co_await net::next_round();  // what a byte costs is the client's to say: others have their turn
    }
}

void h2_connection::receive(std::string_view bytes)
{
    auto now = home_.time();
    h2_code wrong{};
    h2_frame last{};
    bool good = frames_.pass(bytes, [&](const h2_frame_header& frame) {
        preface_seen_ = true;
        last = frame.type;
        wrong = rules_.judge(frame);
        return budget_.on_frame(frame, now) && wrong == h2_code::no_error;
    });
    if (budget_.exhausted()) return give_up(budget_.worst());
    if (!good) return break_off(wrong, h2_frame_rules::known_from(last, wrong));
    receiving_ = true;
    bool goes_on = session_.receive(bytes);
    receiving_ = false;
    if (!goes_on && !refusing_) ending_ = true;
    bool waits = !preface_seen_ || frames_.in_head();
    if (!waits) head_since_ = time_point::max();
    if (waits && head_since_ == time_point::max()) head_since_ = now;
}

h2_stream* h2_connection::on_stream(h2_stream_id id)
{
    // Those that were given up may still be on their way out: as many may wait for their places.
    if (streams_.size() >= 2 * h2_session::streams) return nullptr;
    streams_.push_back(place_.book().take_h2_exchange(home_));
    streams_.back()->attach(*this, id);
    opening_ = streams_.back().get();
    return opening_;
}

void h2_connection::begun(h2_exchange& which)
{
    opening_ = nullptr;
    begun_.push_back(&which);
}

void h2_connection::start_begun()
{
    if (opening_ != nullptr && opening_->closed()) finished(*std::exchange(opening_, nullptr));
    place_.move_to(!begun_.empty() || streams_.size() > (opening_ != nullptr ? 1 : 0) ? connection_book::phase::exchange
                   : head_since_ != time_point::max()                                 ? connection_book::phase::head
                                                                                      : connection_book::phase::idle);
    std::size_t waiting = 0;
    for (auto* each : begun_) {
        if (each->client_gone() || ending_) {
            finished(*each);  // whoever gave up before it was begun never asked
        } else if (running_ == h2_session::streams) {
            begun_[waiting++] = each;
        } else {
            ++running_;
            tasks_.spawn("h2.exchange", answer(*each));
        }
    }
    begun_.resize(waiting);
}

/// A head that began has an absolute end; a connection without requests may be silent for so long.
void h2_connection::renew_read_deadline()
{
    auto end = head_since_ == time_point::max() ? head_since_ : head_since_ + limits_.options.head_timeout;
    bool idle = streams_.empty() && limits_.options.idle_timeout > duration{};
    if (idle) end = std::min(end, idle_since_ + limits_.options.idle_timeout);
    client_->expires_at(net::direction::read, end);
}

void h2_connection::read_too_late()
{
    bool slow = head_since_ != time_point::max() && steady_clock::now() >= head_since_ + limits_.options.head_timeout;
    if (slow) return give_up(preface_seen_ ? h2_attack::slow_head : h2_attack::slow_preface);
    session_.terminate(h2_code::no_error);
    ending_ = true;
}

void h2_connection::give_up(h2_attack why)
{
    if (std::exchange(ending_, true)) return;
    if (by_ != nullptr && by_->attacked) by_->attacked(*client_, why, true);
    session_.terminate(h2_code::enhance_your_calm);
    stop_reading();
}

void h2_connection::break_off(h2_code why, std::optional<h2_attack> known)
{
    ending_ = true;
    if (known && by_ != nullptr && by_->attacked) by_->attacked(*client_, *known, true);
    session_.terminate(why);
}

/// The reader notices at the next sweep.
void h2_connection::stop_reading()
{
    ending_ = true;
    client_->expires_at(net::direction::read, time_point::min());
}

// Exchanges.

task<void> h2_connection::answer(h2_exchange& one)
{
    leaving here{*this, one};
    if (auto why = one.wrong()) {
        if (by_->refused) by_->refused(*client_, status_of(why), why);
        co_await one.refuse();
    } else {
        co_await by_->answer(one);
    }
    if (one.has_tunnel()) co_await one.run_tunnel();
}

void h2_connection::finished(h2_exchange& one)
{
    if (one.answered_well()) budget_.on_answered();
    one.detach();
    auto place = std::ranges::find(streams_, &one, &std::unique_ptr<h2_exchange>::get);
    std::swap(*place, streams_.back());
    place_.book().keep(std::move(streams_.back()));
    streams_.pop_back();
    if (++served_ >= limits_.options.requests_per_connection) drain();
    if (!streams_.empty() || ending_) return;
    idle_since_ = home_.time();
    place_.move_to(connection_book::phase::idle);
    renew_read_deadline();
    if (refusing_) stop_reading();
}

void h2_connection::note(h2_attack what)
{
    budget_.spend(what, home_.time());
    if (what == h2_attack::stalled && by_->attacked) by_->attacked(*client_, what, false);
}

/// nghttp2 refuses itself what is more than a client has acknowledged to be the most.
void h2_connection::on_invalid_request()
{
    auto open = std::ranges::count_if(streams_, [](const auto& each) { return !each->closed(); });
    if (static_cast<std::size_t>(open) >= h2_session::streams) give_up(h2_attack::too_many_streams);
}

void h2_connection::on_reset_sent(h2_code why)
{
    if (why == h2_code::refused_stream) budget_.spend(h2_attack::too_many_streams, home_.time());
    if (is_made_reset(why)) budget_.spend(h2_attack::made_you_reset, home_.time());
}

// Writing.

void h2_connection::push()
{
    if (receiving_ || done_) return;
    produce();
    if (!output_.empty()) output_due_.notify();
    if (budget_.exhausted() && !ending_) give_up(budget_.worst());
}

/// Not while a write is under way: what it writes must stay where it is.
void h2_connection::produce()
{
    if (writing_) return;
    auto room = large_ ? net::buffer_pool::large_bytes : net::buffer_pool::block_bytes;
    if (large_ && output_.empty()) output_.prepare(room);  // at once: it isn't moved while it grows
    bool crowded = home_.time() - had_to_wait_ < recently;
    waits_for_urgent_ = !session_.produce(output_, room, crowded);
    if (output_.empty()) output_.release();
}

/// What several streams have to say in a round of the loop leaves together.
task<void> h2_connection::write()
{
    for (;;) {
        if (!begun_.empty()) start_begun();
        produce();
        if (output_.empty()) {
            if (ending_) co_return;
            co_await output_due_.wait();
            continue;
        }
        large_ = output_.size() > net::buffer_pool::block_bytes / 2;
        writing_ = true;
        auto waits = client_->write_waits();
        auto sent = co_await client_->write_all(output_.bytes());
        if (client_->write_waits() != waits) had_to_wait_ = home_.time();
        if (waits_for_urgent_) co_await net::next_round();
        writing_ = false;
        output_.consume(output_.size());
        if (!sent) co_return client_->close(net::stream::manner::abortive);
    }
}

// The end.

void h2_connection::drain()
{
    if (std::exchange(draining_, true)) return;
    session_.announce_end();
    session_.ping();
    push();
    tasks_.spawn("h2.drain", go_away());
}

/// Requests that were sent before the client heard of the end are answered, too.
task<void> h2_connection::go_away()
{
    co_await pong_.wait_until(steady_clock::now() + round_trip);
    if (ending_) co_return;
    refusing_ = true;
    session_.refuse_further();
    push();
    if (streams_.empty()) stop_reading();
}

void h2_connection::on_pong()
{
    if (draining_) pong_.notify();
}

void h2_connection::close()
{
    place_.move_to(connection_book::phase::leaving);
    client_->close(net::stream::manner::abortive);
}

bool h2_connection::leave_if_idle()
{
    if (place_.now() != connection_book::phase::idle || !streams_.empty() || client_->readable_now()) return false;
    ending_ = true;
    session_.terminate(h2_code::no_error);
    produce();
    auto last_words = output_.bytes();
    if (!writing_ && !last_words.empty()) (void)client_->try_write({&last_words, 1});
    place_.move_to(connection_book::phase::leaving);
    client_->close();
    return true;
}

/// Closes so that the client can read our last words: a reset would overtake them if there were bytes left to read.
task<void> h2_connection::linger()
{
    if (client_->peer_gone()) co_return;
    co_await client_->finish_writing();
    client_->expires_at(net::direction::read, steady_clock::now() + farewell);
    for (std::size_t discarded = 0; discarded <= limits_.drain_bytes;) {
        input_.release();
        auto count = co_await client_->read_some(input_.prepare(least_read_bytes));
        if (!count || *count == 0) break;
        discarded += *count;
    }
    input_.release();
}

}  // namespace lintel::http
