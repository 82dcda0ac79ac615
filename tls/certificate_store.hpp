#pragma once
// Which certificate answers for a name. Immutable; a new one is published when certificates change.

#include "base/result.hpp"
#include "model/snapshot.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::tls {

/// One certificate with its key, parsed at the first handshake that needs it. Shared between stores and threads.
class served_certificate;
using served_ptr = std::shared_ptr<served_certificate>;

class certificate_store {
public:
    certificate_store() = default;

    /// Certificates that `previous` holds under the same id are taken over, not parsed again.
    certificate_store(const model::objects<model::certificate>& certificates, const certificate_store& previous);

    /// For a name as SNI carries it, lower case: exact before wildcard, others before the fallback (the local CA's),
    /// then the smaller id. Null when none covers it.
    served_certificate* find(std::string_view server_name) const;

private:
    struct entry {
        served_ptr certificate;
        bool fallback;
    };
    const entry* best(std::string_view name) const;

    std::map<std::string, served_ptr, std::less<>> by_id_;
    std::map<std::string, entry, std::less<>> by_name_;
};

}  // namespace lintel::tls
