#pragma once
// What the parts of a routes file share while it is read. Internal to discovery/routes_yaml.

#include "discovery/fragment.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace YAML {
class Node;
}

namespace lintel::discovery {

/// One file being read, and the fragment that grows.
class routes_reading {
public:
    explicit routes_reading(const std::filesystem::path& file);

    const std::filesystem::path& file() const { return file_; }
    fragment& out() { return out_; }

    /// "FILE:LINE:COLUMN", as editors and compilers write it, from 1.
    std::string where(const YAML::Node& node) const;
    void report(const YAML::Node& node, std::string what);

    /// "ignored; did you mean X?" for a key that nobody knows.
    void report_unknown(const YAML::Node& key, std::span<const std::string> known);

    /// The node's text without blanks around it; none, and reported, where it isn't one value.
    std::optional<std::string> text(const YAML::Node& node);

    /// A list, or one value with commas.
    std::vector<std::string> list(const YAML::Node& node);

    /// True when `node` is a map; null counts as an empty one. Anything else is reported.
    bool is_map(const YAML::Node& node);

private:
    std::filesystem::path file_;
    fragment out_;
};

using object_reader = void(routes_reading& reading, const std::string& name, const YAML::Node& node);
object_reader read_router, read_service, read_tcp_router, read_tcp_service, read_tls_options, read_transport;

/// Calls `read` with each member of a map of named objects, null members included; what isn't one is reported.
void read_objects(routes_reading& reading, const YAML::Node& node, object_reader* read);

/// The members of `tls`.
void read_tls(routes_reading& reading, const YAML::Node& node);

}  // namespace lintel::discovery
