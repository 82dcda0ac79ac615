#pragma once
// How TLS is spoken with the endpoints of services.

#include "tls/client.hpp"

#include <expected>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lintel::proxy {

/// One transport, as the workers use it: each has sessions and a context of its own. Two connections to an endpoint are
/// as good as each other only where they have the same one.
class upstream_security {
public:
    /// The link thread has a client of its own behind those of the workers.
    upstream_security(const model::transport& how, std::size_t workers);

    /// What is offered by ALPN (RFC 7301): HTTP/2 ahead of HTTP/1.1 unless the transport keeps it from its endpoints,
    /// or HTTP/1.1 alone, for what HTTP/2 can't carry.
    enum class offer { any, http_1 };
    tls::client& of(std::size_t worker, offer what) const
    {
        return what == offer::any && !with_http2_.empty() ? *with_http2_[worker] : *clients_[worker];
    }
    tls::client& of_link_thread() const { return with_http2_.empty() ? *clients_.back() : *with_http2_.back(); }
    bool may_agree_on_http2() const { return !with_http2_.empty(); }

private:
    std::vector<std::unique_ptr<tls::client>> clients_, with_http2_;
};

/// Null: clear text.
using security_ptr = std::shared_ptr<const upstream_security>;

/// The transports of the snapshot by id. What is unchanged outlives snapshots, its sessions with it; a changed
/// transport is another one, so that no connection made under the old rules serves under the new ones. Belongs to the
/// link thread.
class security_registry {
public:
    explicit security_registry(std::size_t workers) : workers_(workers) {}

    /// A new or changed transport. Returns what is wrong with it: then nothing can be sent over it.
    std::optional<problem> take(const std::string& id, const model::transport& how);
    void forget(const std::string& id) { known_.erase(id); }

    /// The transport with this id; "" is the one that verifies against the system's authorities. Error: why there is
    /// none, as a sentence.
    std::expected<security_ptr, std::string> find(const std::string& id);

private:
    std::size_t workers_;
    std::map<std::string, std::expected<security_ptr, std::string>> known_;
    security_ptr standard_;  ///< made when it is first asked for
};

}  // namespace lintel::proxy
