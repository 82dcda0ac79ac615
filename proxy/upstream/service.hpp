#pragma once
// Endpoints that are as good as each other, and whose turn it is.

#include "base/token_bucket.hpp"
#include "net/proxy_protocol.hpp"
#include "proxy/upstream/endpoint.hpp"
#include "proxy/upstream/upload_slots.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lintel::proxy {

/// Whose turn it is, per worker. Lives in the registry across snapshots.
struct rotation {
    struct alignas(64) position {
        std::uint32_t next = 0;
        upload_slots uploads{};
        token_bucket careful{100.0, 100.0, 100.0};  ///< requests that can't be repeated and get more care than others
    };
    explicit rotation(std::size_t workers) : positions(workers) {}
    std::vector<position> positions;
};

/// A service as one route table has it; immutable but for the rotation that it borrows.
struct service {
    std::string id;
    bool pass_host = true;
    std::vector<endpoint_ptr> endpoints;
    std::shared_ptr<rotation> turns;
    model::scheme scheme = model::scheme::http;
    security_ptr security;                           ///< how TLS is spoken with the endpoints; null: clear text
    std::optional<net::proxy_version> proxy_header;  ///< sent ahead of everything else
    std::string refusal;  ///< why nothing may be sent to it: TLS can't be spoken as it has to be; empty = it may

    /// The next usable endpoint that is not in `avoid`, round robin for this worker; a shunned one only where there is
    /// no other; null when there is none.
    endpoint_ptr choose(std::size_t worker, std::span<const endpoint* const> avoid) const;

    /// The usable endpoint that became ready last, if that was within the last 10 s: while a tool replaces one release
    /// by the next, the newcomer is the one that will not be stopped. Else as choose().
    endpoint_ptr choose_newest(std::size_t worker, std::span<const endpoint* const> avoid, time_point now) const;

    /// Why no endpoint is usable: the most hopeful of their states, or "no-endpoint".
    std::string_view why_none() const;
};

using service_ptr = std::shared_ptr<const service>;

}  // namespace lintel::proxy
