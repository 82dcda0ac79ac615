#pragma once
// HTTP-01 (RFC 8555 §8.3): what is answered under /.well-known/acme-challenge/, whatever the host.

#include "http/message.hpp"
#include "model/snapshot.hpp"

#include <map>
#include <string>

namespace lintel::proxy {

/// Immutable, a part of the route table. Any host: a CA may ask before there is a route, and a host that nobody routes
/// to gets no more out of it than the token's owner meant to be read by everybody.
class http_challenges {
public:
    /// Of `all` those of this kind.
    explicit http_challenges(const model::objects<model::challenge>& all);

    bool empty() const { return by_token_.empty(); }

    /// The key authorization that a GET or HEAD asks for. Null: the request is somebody else's, also where its token is
    /// none of ours.
    const std::string* answer_to(const http::request_head& request) const;

private:
    std::map<std::string, std::string, std::less<>> by_token_;
};

}  // namespace lintel::proxy
