#pragma once
// Certificates and keys as routes files name them. Internal to discovery/routes_*.

#include "discovery/routes_reading.hpp"

#include <optional>
#include <span>
#include <string>

namespace lintel::discovery {

/// A path (relative ones are taken from the file's folder), or the PEM text itself.
struct pem {
    std::string path;  ///< absolute; empty where the text stands in the YAML file
    std::string text;
};

/// None, and reported at `node`, where the file can't be read.
std::optional<pem> read_pem(routes_reading& reading, const YAML::Node& node, const std::string& written);
std::optional<pem> read_pem(routes_reading& reading, const YAML::Node& node);

/// A list of them, as one text of nothing but certificates; `path` is set where it is a single file. None, and
/// reported, where one can't be read, is broken or has no certificate.
std::optional<pem> read_authorities(routes_reading& reading, const YAML::Node& node);

/// `certFile` and `keyFile` of a map; `stores` is skipped, others are reported.
struct pem_pair {
    pem chain, key;
};

/// None, and reported, where a part is missing or can't be read, or where they don't belong together.
std::optional<pem_pair> read_pair(routes_reading& reading, const YAML::Node& node);

}  // namespace lintel::discovery
