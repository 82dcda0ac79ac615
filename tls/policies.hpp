#pragma once
// How TLS is spoken with whom: the option set of each host.

#include "base/result.hpp"
#include "model/snapshot.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::tls {

class option_set;

/// What is wrong with a set: a suite or curve that OpenSSL doesn't know, client authentication without a usable CA,
/// versions that exclude each other. A set with a problem is *closed*: handshakes that need it are refused.
std::optional<problem> problem_with(const model::tls_options& options);

/// Immutable; published with the certificates. Sets whose content stays keep what they have compiled.
class policies {
public:
    /// Host ("a.example", or "*.a.example" for one label more) → id of its set. Hosts of "default" need no entry.
    using hosts = std::map<std::string, std::string, std::less<>>;

    /// One set, "default", with our own defaults.
    policies();

    /// A host whose set is missing in `sets` is closed, as one whose set is broken.
    policies(const model::objects<model::tls_options>& sets, hosts by_host, const policies& previous);

    /// `server_name` as in `certificate_store::find`; empty: the client sent none.
    const std::shared_ptr<const option_set>& for_name(std::string_view server_name) const;

    /// The set that handshakes begin with, before the name is known. Never closed.
    const std::shared_ptr<const option_set>& initial() const;

    /// The closed sets with the reason, for whoever acknowledges a snapshot.
    struct closed_set {
        std::string id;
        std::string why;
    };
    std::vector<closed_set> closed() const;

private:
    using set_ptr = std::shared_ptr<const option_set>;
    const set_ptr* set_of_host(std::string_view host) const;

    std::map<std::string, set_ptr, std::less<>> sets_;
    hosts by_host_;
    set_ptr ours_, default_;
};

}  // namespace lintel::tls
