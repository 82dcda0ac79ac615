#pragma once
// Sessions with upstreams that can be resumed. Included by sources of tls/ only.

#include "tls/openssl_ptr.hpp"

#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace lintel::tls {

using session_ptr = std::unique_ptr<SSL_SESSION, freed_by<SSL_SESSION_free>>;

/// A few of the newest sessions of each endpoint. A ticket of TLS 1.3 is used once (RFC 8446 §C.4), a session of
/// TLS 1.2 as long as it lasts. Of one worker.
class session_book {
public:
    static constexpr std::size_t kept = 4, endpoints = 1000;

    void keep(const std::string& endpoint, session_ptr fresh)
    {
        if (book_.size() >= endpoints && !book_.contains(endpoint)) book_.clear();
        auto& all = book_[endpoint];
        all.push_back(std::move(fresh));
        if (all.size() > kept) all.pop_front();
    }

    /// Null when there is none.
    session_ptr take(std::string_view endpoint)
    {
        auto found = book_.find(endpoint);
        if (found == book_.end() || found->second.empty()) return nullptr;
        auto& all = found->second;
        auto* newest = all.back().get();
        if (SSL_SESSION_get_protocol_version(newest) < TLS1_3_VERSION) {
            SSL_SESSION_up_ref(newest);
            return session_ptr(newest);
        }
        auto taken = std::move(all.back());
        all.pop_back();
        return taken;
    }

private:
    std::map<std::string, std::deque<session_ptr>, std::less<>> book_;
};

}  // namespace lintel::tls
