#pragma once
// A stream that notes what is asked of it.

#include "net/stream.hpp"

#include <memory>
#include <string>
#include <vector>

namespace lintel::tls {

struct stream_notes {
    std::vector<std::size_t> reads;   ///< what each try that gave something gave
    std::vector<std::string> writes;  ///< what each try that took something took
    std::size_t room = SIZE_MAX;      ///< bytes that are still taken; then a write would block
};

class watched_stream final : public net::stream {
public:
    watched_stream(std::unique_ptr<net::stream> lower, stream_notes& notes) : lower_(std::move(lower)), notes_(notes) {}

    result<std::size_t> try_read(std::span<std::byte> into) override
    {
        auto count = lower_->try_read(into);
        if (count) notes_.reads.push_back(*count);
        return count;
    }
    result<std::size_t> try_write(std::span<const std::string_view> pieces) override
    {
        auto first = pieces.front().substr(0, notes_.room);
        if (first.empty()) return error_code(net::errc::would_block);
        auto count = lower_->try_write({&first, 1});
        if (count) notes_.writes.emplace_back(first.substr(0, *count));
        if (count && notes_.room != SIZE_MAX) notes_.room -= *count;
        return count;
    }
    net::ready_wait wait(net::direction what) override { return lower_->wait(what); }
    void expires_at(net::direction what, time_point when) override { lower_->expires_at(what, when); }
    void set_patience(net::direction what, duration limit) override { lower_->set_patience(what, limit); }
    bool shutdown_write() override { return lower_->shutdown_write(); }
    void close(manner how) override { lower_->close(how); }
    bool peer_gone() const override { return lower_->peer_gone(); }
    bool readable_now() const override { return lower_->readable_now(); }
    bool readable_so_far() const override { return lower_->readable_so_far(); }
    const net::address& local() const override { return lower_->local(); }
    const net::address& peer() const override { return lower_->peer(); }

private:
    std::unique_ptr<net::stream> lower_;
    stream_notes& notes_;
};

}  // namespace lintel::tls
