#pragma once
// What the label dialects share while one container is read. Internal to discovery/labels.

#include "discovery/container.hpp"
#include "discovery/engine_settings.hpp"
#include "discovery/fragment.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lintel::discovery {

/// One container being read: its facts, and the fragment that grows.
class label_reading {
public:
    label_reading(const container& from, const engine_settings& settings);

    const container& from() const { return from_; }
    const engine_settings& settings() const { return settings_; }

    /// The label's value, none where the container doesn't have it.
    const std::string* label(const std::string& key) const;
    const std::string* label_caseless(std::string_view key) const;

    void report(std::string_view label, std::string what);

    /// What holds for the requests of every router of this container (`lintel.route.KEY`).
    void set_options(model::option_texts options) { options_ = std::move(options); }

    /// Who is asked for leave to have certificates (`lintel.tls.ask`), by every router for any host.
    void set_ask(std::string url) { ask_ = std::move(url); }
    bool has_ask() const { return !ask_.empty(); }
    bool ask_was_given() const { return ask_given_; }

    /// Gives it what holds for all of the container's routers.
    void add(declared_router router);

    void add(declared_tcp_router router);

    /// Declares a service of this container's endpoint at `port`; without a port the service has no endpoint.
    void add(declared_service service, std::optional<std::uint16_t> port);
    void add_tcp(declared_service service, std::optional<std::uint16_t> port);

    /// The port that `label` names, else the lowest exposed one; what is wrong with either is reported.
    std::optional<std::uint16_t> port_from(const std::string& label);

    fragment take() { return std::move(out_); }

private:
    std::string find_app();
    std::string find_address();
    const container::network* find_network();
    void complete(declared_service& service, std::optional<std::uint16_t> port);
    void add_endpoint(const std::string& id, std::uint16_t port);

    const container& from_;
    const engine_settings& settings_;
    fragment out_;
    model::option_texts options_;
    std::string ask_;
    bool ask_given_ = false;  ///< to one router at least
    std::string address_;
};

void read_lintel_labels(label_reading& reading);
void read_traefik_labels(label_reading& reading);

/// "<compose service>-<compose project>", else the container's name, as Traefik normalises it.
std::string default_service_name(const container& from);

}  // namespace lintel::discovery
