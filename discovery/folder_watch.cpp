#include "discovery/folder_watch.hpp"

#include "base/unique_fd.hpp"
#include "net/event.hpp"

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <cerrno>

namespace lintel::discovery {

namespace {

using change = folder_watch::change;

constexpr std::uint32_t lost_mask = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED;
constexpr std::uint32_t gone_mask = IN_DELETE | IN_MOVED_FROM;
constexpr std::uint32_t written_mask = IN_CLOSE_WRITE | IN_MOVED_TO;
constexpr std::uint32_t watched = IN_DELETE_SELF | IN_MOVE_SELF | gone_mask | written_mask | IN_CREATE;

error_code last_error() { return {errno, boost::system::system_category()}; }

change::kind kind_of(std::uint32_t mask)
{
    if (mask & lost_mask) return change::kind::lost;
    if (mask & gone_mask) return change::kind::gone;
    return mask & written_mask ? change::kind::written : change::kind::created;
}

}  // namespace

class folder_watch::inotify final : net::event_source {
public:
    explicit inotify(net::event_loop& home) : home_(home), changed_(home) {}
    ~inotify() { close(); }

    /// A new descriptor each time: events of the last folder can't be mistaken for this one's.
    result<void> watch(const std::filesystem::path& folder)
    {
        close();
        descriptor_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
        if (!descriptor_) return last_error();
        if (auto watching = home_.watch(descriptor_.get(), EPOLLIN | EPOLLET, *this); !watching) return watching;
        if (::inotify_add_watch(descriptor_.get(), folder.c_str(), watched | IN_ONLYDIR) < 0) return last_error();
        return {};
    }

    net::event::waiting wait(time_point when) { return changed_.wait_until(when); }

    std::vector<change> read()
    {
        std::vector<change> changes;
        alignas(inotify_event) std::array<char, 16 * 1024> buffer;
        while (descriptor_) {
            auto count = ::read(descriptor_.get(), buffer.data(), buffer.size());
            if (count <= 0) break;
            for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
                const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
                changes.push_back({kind_of(event->mask), event->len > 0 ? event->name : ""});
                at += sizeof(inotify_event) + event->len;
            }
        }
        return changes;
    }

private:
    void happened(unsigned) override { changed_.notify(); }

    void close()
    {
        if (descriptor_) home_.forget(descriptor_.get());
        descriptor_.reset();
    }

    net::event_loop& home_;
    net::event changed_;
    unique_fd descriptor_;
};

folder_watch::folder_watch(net::event_loop& home) : inotify_(std::make_unique<inotify>(home)) {}

folder_watch::~folder_watch() = default;

result<void> folder_watch::watch(const std::filesystem::path& folder) { return inotify_->watch(folder); }

task<std::vector<folder_watch::change>> folder_watch::changes(time_point when)
{
    auto changes = inotify_->read();
    while (changes.empty() && co_await inotify_->wait(when)) changes = inotify_->read();
    co_return changes;
}

}  // namespace lintel::discovery
