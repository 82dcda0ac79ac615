#pragma once
// Which certificates answer for a name.

#include "base/result.hpp"
#include "model/snapshot.hpp"
#include "tls/shared_map.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::tls {

/// One certificate with its key, parsed at the first handshake that needs it. Shared between stores and threads.
class served_certificate;
using served_ptr = std::shared_ptr<served_certificate>;

/// Immutable once it is published; the next one is made from it and shares what stays. 10,000 certificates are built
/// in about 50 ms, none of them parsed; one more or less costs 0.2 ms.
class certificate_store {
public:
    using certificates = model::objects<model::certificate>;

    certificate_store() = default;

    /// Exactly `all`. Certificates that `previous` holds with the same texts are taken over, not parsed again.
    certificate_store(const certificates& all, const certificate_store& previous);

    /// This store after a change. `upsert` replaces what has the same id.
    certificate_store after(const certificates& upsert, std::span<const std::string> removed) const;

    /// One that may be used for a name. What stands first is preferred: those of their own before fallbacks (the local
    /// CA's), then the smaller id. Of each kind of key (ECDSA, RSA) the first is offered to clients.
    struct candidate {
        served_ptr certificate;
        std::string id;
        bool fallback = false;
    };
    using candidates = std::vector<candidate>;

    /// `server_name`: as SNI carries it, lower case, without a trailing dot. Exact names before wildcards (`*` is one
    /// label), but any of its own before a fallback. Null when none covers it.
    const candidates* find(std::string_view server_name) const;

    /// For names that `find` doesn't know, and clients that send none. Null when there is none.
    const candidates* by_default() const { return defaults_.empty() ? nullptr : &defaults_; }

    /// For clients that send no name since they go to an address (RFC 6066 §3 allows none as a name): certificates that
    /// name an address. Null when there is none.
    const candidates* by_address() const { return addresses_.empty() ? nullptr : &addresses_; }

    /// Whether a certificate that answers for `server_name` (empty: the default one, else one of an address) covers
    /// `host`, too.
    bool covers(std::string_view server_name, std::string_view host) const;

private:
    struct known {
        served_ptr certificate;
        std::vector<std::string> names;
        bool fallback = false, is_default = false;
    };

    void put(const std::string& id, const model::certificate& spec);
    void remove(const std::string& id);

    shared_map<known> by_id_;
    shared_map<candidates> by_name_;
    candidates defaults_, addresses_;
};

}  // namespace lintel::tls
