#include "net/dns_exchange.hpp"

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "net/dns_message.hpp"
#include "net/error.hpp"

#include <cerrno>

#include <sys/socket.h>

namespace lintel::net {

namespace {

constexpr std::size_t largest_datagram_bytes = 4096;  // without EDNS servers keep to 512 (RFC 1035 §4.2.1)

error_code last_error() { return {errno, boost::system::system_category()}; }

/// The bytes of the one question (or zone) of a message; empty where there is none.
std::string_view question_of(std::string_view message)
{
    dns_reader from(message, 4);
    if (from.u16() == 0) return {};
    from.bytes(dns_header_bytes - 6);
    from.name();
    from.u32();
    return from.good() ? message.substr(dns_header_bytes, from.at() - dns_header_bytes) : std::string_view();
}

/// Errors may come without the question, and answers to updates without the zone (RFC 2136 §3.8).
bool answers(std::string_view what, std::string_view message)
{
    if (what.size() < dns_header_bytes || what.substr(0, 2) != message.substr(0, 2)) return false;
    auto flags = dns_reader(what, 2).u16(), asked = dns_reader(message, 2).u16();
    if ((flags & dns_flag::response) == 0 || (flags & dns_flag::opcode) != (asked & dns_flag::opcode)) return false;
    auto echoed = question_of(what);
    if (!echoed.empty()) return text::equal_caseless(echoed, question_of(message));
    return (flags & dns_flag::rcode) != 0 || (asked & dns_flag::opcode) == dns_flag::update;
}

/// A datagram socket that hears only its peer, so that the kernel tells, too, when nobody listens there.
class datagrams {
public:
    explicit datagrams(worker& home) : readiness_(home) {}

    result<void> open(const address& peer)
    {
        socket_.reset(::socket(peer.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!socket_ || ::connect(socket_.get(), peer.raw(), peer.length()) != 0) return last_error();
        return readiness_.watch(socket_.get());
    }

    result<void> send(std::string_view message)
    {
        if (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) return last_error();
        return {};
    }

    task<result<std::string>> receive(time_point end)
    {
        readiness_.expires_at(direction::read, end);
        for (;;) {
            std::string message(largest_datagram_bytes, '\0');
            auto count = ::recv(socket_.get(), message.data(), message.size(), 0);
            if (count >= 0) {
                message.resize(static_cast<std::size_t>(count));
                co_return message;
            }
            if (errno != EAGAIN && errno != EINTR) co_return last_error();
            if (errno == EAGAIN) readiness_.used_up(direction::read);
            if (auto ready = co_await readiness_.wait(direction::read); !ready) co_return ready.error();
        }
    }

private:
    unique_fd socket_;
    readiness readiness_;
};

task<result<void>> read_whole(stream& line, std::string& into)
{
    for (std::size_t have = 0; have < into.size();) {
        auto left = std::as_writable_bytes(std::span(into)).subspan(have);
        auto count = co_await line.read_some(left);
        if (!count) co_return count.error();
        if (*count == 0) co_return error_code(errc::end_of_stream);
        have += *count;
    }
    co_return result<void>();
}

}  // namespace

task<result<std::string>> exchange_datagrams(worker& home, address server, std::string message, time_point end)
{
    message.replace(0, 2, random_dns_id());
    datagrams socket(home);
    if (auto opened = socket.open(server); !opened) co_return opened.error();
    if (auto sent = socket.send(message); !sent) co_return sent.error();
    for (;;) {
        auto answer = co_await socket.receive(end);
        if (!answer || answers(*answer, message)) co_return answer;
        if (steady_clock::now() >= end) co_return error_code(errc::timed_out);
    }
}

task<result<std::string>> exchange_on(stream& line, std::string message, time_point end)
{
    for (auto way : {direction::read, direction::write}) line.expires_at(way, end);
    auto length = dns_builder().u16(static_cast<unsigned>(message.size())).text();
    std::array<std::string_view, 2> pieces{length, message};
    if (auto written = co_await line.write_all(pieces); !written) co_return written.error();
    for (;;) {
        std::string size(2, '\0');
        if (auto read = co_await read_whole(line, size); !read) co_return read.error();
        std::string answer(dns_reader(size).u16(), '\0');
        if (auto read = co_await read_whole(line, answer); !read) co_return read.error();
        if (answers(answer, message)) co_return answer;
        if (steady_clock::now() >= end) co_return error_code(errc::timed_out);
    }
}

std::string random_dns_id()
{
    std::string id(2, '\0');
    crypto::random_bytes(std::as_writable_bytes(std::span(id)));
    return id;
}

}  // namespace lintel::net
