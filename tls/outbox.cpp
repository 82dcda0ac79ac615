#include "tls/outbox.hpp"

#include "net/error.hpp"

namespace lintel::tls {

bool outbox::put(net::stream& lower, std::string_view record)
{
    if (!gathers_ && bytes_.empty()) {
        auto count = lower.try_write({&record, 1});
        if (!count && count.error() != net::errc::would_block) return false;
        record.remove_prefix(count ? *count : 0);
    }
    bytes_.append(record);
    return true;
}

result<void> outbox::flush(net::stream& lower)
{
    while (gone_ < bytes_.size()) {
        auto left = std::string_view(bytes_).substr(gone_);
        auto count = lower.try_write({&left, 1});
        if (!count) return count.error();
        gone_ += *count;
    }
    if (bytes_.capacity() > std::string().capacity()) std::string().swap(bytes_);
    gone_ = 0;
    return {};
}

}  // namespace lintel::tls
