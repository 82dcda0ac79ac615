#pragma once
// Traefik's labels of one container, sorted by the router or service that they are about. Internal to discovery/labels.

#include "discovery/label_reading.hpp"

#include <map>
#include <string>

namespace lintel::discovery {

/// What the labels say of one router or service.
struct traefik_section {
    struct entry {
        std::string label;
        std::string value;
    };

    std::string name;                     ///< as first written; Traefik compares names without case
    std::string prefix;                   ///< "traefik.http.routers.web."
    std::map<std::string, entry> fields;  ///< by the path below the name, in lower case

    /// The field's value without blanks around it; none where it isn't written or is empty.
    std::optional<std::string> value(const std::string& field) const;

    /// Where problems with `field` are reported: its label, else the one that it would have.
    std::string where(const std::string& field) const;
};

struct traefik_sections {
    std::map<std::string, traefik_section> routers;  ///< by name in lower case
    std::map<std::string, traefik_section> services;
    bool has_http = false;
    bool has_tcp_or_udp = false;
};

/// Labels that are about nothing we know are reported, the known ones that we don't support yet too.
traefik_sections sort_traefik_labels(label_reading& reading);

}  // namespace lintel::discovery
