// traefik.*.routers.R.tls.certresolver and .domains[n].

#include "base/text.hpp"
#include "discovery/traefik_sections.hpp"

namespace lintel::discovery {

namespace {

constexpr std::string_view prefix = "tls.domains";

/// "[0]" of "tls.domains[0].main"; none where the key is about something else, which is reported.
std::optional<std::string> index_of(label_reading& reading, const std::string& field, const std::string& label)
{
    auto rest = std::string_view(field).substr(prefix.size());
    auto end = rest.find(']');
    auto index = rest.substr(0, end == rest.npos ? 0 : end + 1);
    auto member = rest.substr(index.size());
    bool numbered = index.starts_with('[') && text::parse_decimal(index.substr(1, index.size() - 2));
    if (numbered && (member == ".main" || member == ".sans")) return std::string(index);
    reading.report(label, "unknown label, ignored; domains are written domains[0].main and domains[0].sans");
    return {};
}

/// Each index once, in the order of the keys' text, as Traefik has it.
std::vector<std::string> indices_of(label_reading& reading, const traefik_section& section)
{
    std::vector<std::string> indices;
    for (auto each = section.fields.lower_bound(std::string(prefix));
         each != section.fields.end() && each->first.starts_with(prefix); ++each) {
        auto index = index_of(reading, each->first, each->second.label);
        if (index && (indices.empty() || indices.back() != *index)) indices.push_back(std::move(*index));
    }
    return indices;
}

}  // namespace

certificate_terms certificate_terms_of(label_reading& reading, const traefik_section& section)
{
    certificate_terms terms;
    terms.resolver = section.value("tls.certresolver").value_or("");
    for (const auto& index : indices_of(reading, section)) {
        auto field = std::string(prefix) + index;
        auto written = section.list(field + ".sans");
        auto main = section.value(field + ".main");
        if (main) written.insert(written.begin(), *main);
        if (auto names = certificate_names(written))
            terms.domains.push_back(std::move(*names));
        else
            reading.report(section.where(field + (main ? ".main" : ".sans")),
                           names.error().what + "; this certificate is left out");
    }
    return terms;
}

}  // namespace lintel::discovery
