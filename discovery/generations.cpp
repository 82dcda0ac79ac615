#include "discovery/generations.hpp"

#include "base/text.hpp"

namespace lintel::discovery {

origin origin_of(const fragment& from)
{
    auto usable = [](const named<model::endpoint>& endpoint) {
        bool ready = endpoint.spec.ready == model::readiness::ready || endpoint.spec.ready == model::readiness::probe;
        return ready && !endpoint.spec.draining;
    };
    return {&from, std::ranges::any_of(from.endpoints, usable)};
}

std::string content_of(const certificate_terms& terms)
{
    auto content = '\n' + terms.resolver;
    for (const auto& names : terms.domains) content += '\n' + text::join(names, ",");
    return content;
}

std::string full_name::id() const
{
    std::string id(provider);
    id += ':';
    if (!app.empty()) id.append(app) += '/';
    for (char c : name) {
        if (c == '%') id += "%25";
        if (c == '/') id += "%2F";
        if (c != '/' && c != '%') id += c;
    }
    return id;
}

}  // namespace lintel::discovery
