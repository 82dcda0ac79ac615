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

    /// The non-empty parts between its commas.
    std::vector<std::string> list(const std::string& field) const;

    /// Where problems with `field` are reported: its label, else the one that it would have.
    std::string where(const std::string& field) const;
};

using traefik_section_map = std::map<std::string, traefik_section>;  // by name in lower case

struct traefik_sections {
    traefik_section_map routers, services;
    traefik_section_map tcp_routers, tcp_services;
    bool has_http = false;
    bool has_tcp_or_udp = false;
};

/// Fields that are read alike wherever they stand; what is wrong is reported.
std::optional<bool> flag_of(label_reading& reading, const traefik_section& section, const std::string& field);
std::int64_t priority_of(label_reading& reading, const traefik_section& section);
bool is_rule_syntax_known(label_reading& reading, const traefik_section& section);

/// Traefik takes any other value of `tls` than "true" for "no". We take what isn't a plain "no" for TLS: a typo must
/// not put a router in clear text.
bool wants_tls(label_reading& reading, const traefik_section& section);

/// What the router says about its certificates. A domain that can't be one costs the certificate that it would be on.
certificate_terms certificate_terms_of(label_reading& reading, const traefik_section& section);

/// Makes TCP routers and services of the sorted labels.
void read_traefik_tcp(label_reading& reading, const traefik_sections& sections);

/// Labels that are about nothing we know are reported, the known ones that we don't support yet too.
traefik_sections sort_traefik_labels(label_reading& reading);

}  // namespace lintel::discovery
