// tls.certResolver and tls.domains of a router in a routes file.

#include "base/text.hpp"
#include "discovery/yaml_fields.hpp"

#include <yaml-cpp/yaml.h>

namespace lintel::discovery {

namespace {

constexpr std::string_view shape = "domains is a list of {main: NAME, sans: [NAME, …]}";

/// The names of one entry as written, main first.
std::vector<std::string> written_names(routes_reading& reading, const YAML::Node& entry)
{
    static const std::vector<std::string> known{"main", "sans"};
    std::vector<std::string> names;
    for (const auto& member : entry) {
        auto key = text::lower(member.first.IsScalar() ? member.first.Scalar() : "?");
        if (key == "main") {
            auto main = reading.text(member.second);
            if (main && !main->empty()) names.insert(names.begin(), std::move(*main));
        } else if (key == "sans") {
            for (auto& each : reading.list(member.second)) names.push_back(std::move(each));
        } else {
            reading.report_unknown(member.first, known);
        }
    }
    return names;
}

void add_domain(routes_reading& reading, const YAML::Node& entry, certificate_terms& into)
{
    if (!entry.IsMap()) return reading.report(entry, std::string(shape) + "; this entry is ignored");
    if (auto names = certificate_names(written_names(reading, entry)))
        into.domains.push_back(std::move(*names));
    else
        reading.report(entry, names.error().what + "; this certificate is left out");
}

}  // namespace

certificate_terms certificate_terms_of(routes_reading& reading, const yaml_fields& router)
{
    certificate_terms terms;
    terms.resolver = router.text("tls.certresolver").value_or("");
    for (const auto& path : router.paths()) {
        bool below = path.starts_with("tls.domains.");
        if (below) return router.report(path, std::string(shape) + ", ignored"), terms;
    }
    const auto* domains = router.find("tls.domains");
    if (!domains || domains->IsNull()) return terms;
    if (!domains->IsSequence()) return router.report("tls.domains", std::string(shape) + ", ignored"), terms;
    for (const auto& entry : *domains) add_domain(reading, entry, terms);
    return terms;
}

}  // namespace lintel::discovery
