#include "net/channel.hpp"

#include "net/error.hpp"
#include "net/readiness.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <sys/socket.h>

namespace lintel::net {

namespace {

constexpr std::size_t control_bytes = CMSG_SPACE(sizeof(int) * channel::limit_descriptors);

error_code last_error() { return {errno, boost::system::system_category()}; }

std::vector<unique_fd> received_descriptors(msghdr& message)
{
    std::vector<unique_fd> descriptors;
    for (auto* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        auto count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int descriptor = -1;
            std::memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
            descriptors.emplace_back(descriptor);
        }
    }
    return descriptors;
}

}  // namespace

class channel::polled {
public:
    polled(worker& home, unique_fd end) : descriptor(std::move(end)), readiness(home)
    {
        if (auto watched = readiness.watch(descriptor.get()); !watched)
            throw std::runtime_error("a channel: " + watched.error().message());
    }
    // A child that was forked and hasn't become another program yet has it, too.
    ~polled() { readiness.end(readiness::open_file::shared); }

    unique_fd descriptor;
    net::readiness readiness;
};

channel::channel(worker& home, unique_fd end) : polled_(std::make_unique<polled>(home, std::move(end))) {}
channel::~channel() = default;

std::pair<unique_fd, unique_fd> channel::make_pair()
{
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
        throw std::runtime_error("socketpair: " + last_error().message());
    }
    return {unique_fd(ends[0]), unique_fd(ends[1])};
}

result<void> channel::send(std::string_view text, std::span<const int> descriptors)
{
    if (text.size() > limit_bytes || descriptors.size() > limit_descriptors) {
        return error_code(EMSGSIZE, boost::system::system_category());
    }
    iovec part{const_cast<char*>(text.data()), text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<std::byte, control_bytes> rights{};
    if (!descriptors.empty()) {
        message.msg_control = rights.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        auto* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    }
    if (::sendmsg(polled_->descriptor.get(), &message, MSG_NOSIGNAL) < 0) return last_error();
    return {};
}

task<result<channel_message>> channel::receive()
{
    co_await next_round();  // one who never stops talking doesn't keep the loop for itself
    std::string text(limit_bytes, '\0');
    alignas(cmsghdr) std::array<std::byte, control_bytes> rights{};
    for (;;) {
        iovec part{text.data(), text.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = rights.data();
        message.msg_controllen = rights.size();
        auto count = ::recvmsg(polled_->descriptor.get(), &message, MSG_CMSG_CLOEXEC);
        if (count == 0) co_return errc::end_of_stream;
        if (count > 0) {
            text.resize(static_cast<std::size_t>(count));
            co_return channel_message{std::move(text), received_descriptors(message)};
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) co_return last_error();
        polled_->readiness.used_up(direction::read);
        if (auto come = co_await polled_->readiness.wait(direction::read); !come) co_return come.error();
    }
}

}  // namespace lintel::net
