#include "http/h1_connection.hpp"

#include "http/error.hpp"
#include "net/error.hpp"

namespace lintel::http {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t least_read_bytes = 4 * 1024;
constexpr duration farewell = 1s;  ///< how long a client may take to notice that we close

/// A client that made a mistake hears of it; one that left does not.
bool deserves_answer(error_code failure) { return is_malformed(failure) || failure == net::errc::timed_out; }

}  // namespace

h1_connection::h1_connection(net::worker& home, std::unique_ptr<net::stream> client, const connection_limits& limits,
                             connection_book& book)
    : home_(home), client_(std::move(client)), limits_(limits), place_(book, *this)
{
}

h1_connection::~h1_connection() = default;

task<void> h1_connection::serve(const handler& answer, const refusal_observer& refused)
{
    while (co_await arrival()) {
        auto* request = co_await next_request(refused);
        if (request == nullptr) break;
        co_await answer(*request);
        if (!co_await current_->finish() || !go_on()) break;
    }
    if (!current_ || !current_->tunnelled()) client_->close();
}

std::unique_ptr<h1_connection::tunnel> h1_connection::take_tunnel()
{
    if (!current_ || !current_->tunnelled()) return nullptr;
    auto early = current_->take_early();
    return std::make_unique<tunnel>(current_->take_keeper(), tunnel_end{std::move(client_), std::move(early)});
}

void h1_connection::drain()
{
    draining_ = true;
    // Bytes that are here already are a request that we accepted: it is answered, then the connection closes.
    if (place_.now() != connection_book::phase::idle) {
        if (current_) current_->make_last();
    } else if (!fresh_) {
        leave_if_idle();
    } else {
        client_->expires_at(net::direction::read, steady_clock::now() + farewell);
    }
}

void h1_connection::close()
{
    place_.move_to(connection_book::phase::leaving);
    if (client_) client_->close(net::stream::manner::abortive);
}

bool h1_connection::leave_if_idle()
{
    if (place_.now() != connection_book::phase::idle || client_->readable_now()) return false;
    place_.move_to(connection_book::phase::leaving);
    client_->close();
    return true;
}

/// Waits, without a buffer, until a request begins; an error when the connection ends instead.
net::ready_wait h1_connection::arrival()
{
    if (current_) return net::ready_wait();  // it came with the one before
    if (draining_ && !fresh_ && !client_->readable_now()) client_->close();
    const auto& options = limits_.options;
    client_->expires_at(net::direction::read, fresh_ ? home_.time() + options.head_timeout : time_point::max());
    client_->set_patience(net::direction::read, fresh_ ? duration{} : options.idle_timeout);
    client_->set_patience(net::direction::write, options.write_timeout);
    place_.move_to(connection_book::phase::idle);
    return client_->wait(net::direction::read);
}

/// Null: there is none any more.
now_or_later<exchange*> h1_connection::next_request(const refusal_observer& refused)
{
    if (current_ && draining_) return nullptr;
    if (!current_) {
        current_ = place_.book().take_exchange(home_);
        current_->attach(*client_, limits_);
    }
    current_->begin();
    if (draining_) current_->make_last();
    client_->set_patience(net::direction::read, {});
    bool first = std::exchange(fresh_, false);
    if (auto& input = current_->input(); input.empty()) {
        auto count = client_->try_read(input.prepare(least_read_bytes));
        if (count && *count > 0) input.commit(*count);
        bool over = count ? *count == 0 : count.error() != net::errc::would_block;
        if (over) return nullptr;
    }
    auto head = current_->examine();
    if (!head) return give_up(refused, head.error());
    if (*head == h1_exchange::head_state::whole) return begin_exchange();
    return read_rest(refused, first);
}

task<exchange*> h1_connection::read_rest(const refusal_observer& refused, bool first)
{
    // The first head's time began at accept.
    if (!first) client_->expires_at(net::direction::read, home_.time() + limits_.options.head_timeout);
    for (;;) {
        if (current_->begun() || !current_->input().empty()) place_.move_to(connection_book::phase::head);
        auto count = co_await client_->read_into(current_->input(), least_read_bytes);
        if (!count && !current_->begun()) co_return nullptr;
        if (!count) co_return co_await give_up(refused, count.error());
        if (*count == 0) co_return co_await give_up(refused, errc::cut_short);
        auto head = current_->examine();
        if (!head) co_return co_await give_up(refused, head.error());
        if (*head == h1_exchange::head_state::whole) co_return begin_exchange();
    }
}

task<exchange*> h1_connection::give_up(const refusal_observer& refused, error_code why)
{
    if (!deserves_answer(why)) co_return nullptr;
    if (refused) refused(*client_, status_of(why), why);
    co_await current_->refuse(why);
    co_return nullptr;
}

exchange* h1_connection::begin_exchange()
{
    client_->expires_at(net::direction::read, time_point::max());
    place_.move_to(connection_book::phase::exchange);
    if (++served_ >= limits_.options.requests_per_connection) current_->make_last();
    return current_.get();
}

/// After an exchange. False: the connection was told to end meanwhile.
bool h1_connection::go_on()
{
    if (!current_->input().empty()) return !draining_;
    current_->detach();
    place_.book().keep(std::move(current_));
    return true;
}

}  // namespace lintel::http
