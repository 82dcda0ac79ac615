#include "model/unresolved.hpp"

namespace lintel::model {

namespace {

void close(router& spec, std::string why)
{
    spec.refusal = std::move(why);
    spec.service.clear();
    spec.redirect_to_https = false;
    spec.canonical_host.clear();
}

void close(tcp_router& spec, std::string why)
{
    spec.refusal = std::move(why);
    spec.service.clear();
}

template <class Router>
void close_those_without_options(objects<Router>& routers, const snapshot& whole)
{
    for (auto& [id, spec] : routers) {
        bool known = spec.tls_options.empty() || spec.tls_options == default_tls_options ||
                     whole.tls_option_sets.contains(spec.tls_options);
        if (known) continue;
        if (spec.refusal.empty()) {
            close(spec, "its TLS options " + spec.tls_options +
                            " are not there, so this router is closed rather than served without them");
        }
        spec.tls_options.clear();
    }
}

template <class Router>
void close_those_without_transport(objects<Router>& routers, const snapshot& whole)
{
    for (auto& [id, spec] : routers) {
        auto service = whole.services.find(spec.service);
        if (service == whole.services.end()) continue;
        const auto& transport = service->second.transport;
        if (transport.empty() || whole.transports.contains(transport)) continue;
        close(spec, "the transport " + transport +
                        " of its service is not there, so this router is closed rather than served without it");
    }
}

}  // namespace

void close_unresolved(snapshot& whole)
{
    close_those_without_options(whole.routers, whole);
    close_those_without_options(whole.tcp_routers, whole);
    close_those_without_transport(whole.routers, whole);
    close_those_without_transport(whole.tcp_routers, whole);
}

}  // namespace lintel::model
