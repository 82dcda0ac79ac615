#pragma once
// All that control does about certificates: what is kept, who issues, what is served.

#include "acme/local_issuer.hpp"
#include "acme/manager.hpp"
#include "acme/on_demand.hpp"
#include "acme/shelf.hpp"
#include "acme/vault.hpp"
#include "acme/wants.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace lintel::acme {

/// Belongs to control's worker.
class certificates {
public:
    struct parts {
        net::worker& home;
        http::fetcher& fetcher;
        challenge_board& board;
        std::vector<model::entrypoint> entrypoints;
        certificate_settings settings;
        std::function<void()> on_served;  ///< add_changes() has something that is worth sending at once
        std::function<void()> on_wanted;  ///< want() should be called again
        std::function<void(const std::string& name)> on_refused;  ///< nothing comes of an ask() for it, for now
    };

    /// Opens the records and the local CA in the state folder, and imports what the settings name; what they hold is
    /// served from the first snapshot on.
    static checked<std::unique_ptr<certificates>> open(const std::filesystem::path& state, parts with);

    /// Orders and renews until cancelled.
    task<void> run() { return on_demand_->alongside(manager_->run()); }

    /// Those of routes files: all of them.
    void put_files(model::objects<model::certificate> all) { shelf_.put_files(std::move(all)); }

    /// Sees to a CA's certificate for every host that is served over TLS. `said`: by routers whose source has spoken in
    /// this run; nobody is asked on terms that are not known any more.
    void want(const model::snapshot& said, const router_terms& terms, wall_clock::time_point now);

    /// Sees to the local CA's for hosts of `desired` that no other covers, and marks the redirects whose host has to
    /// wait for its first one.
    void bridge(model::snapshot& desired, wall_clock::time_point now);

    /// A handshake waits for this name.
    void ask(const std::string& name);

    /// Puts what is to be served from now on into a step.
    void add_changes(model::delta& step);

    /// Writes down what can be made again, once it is served.
    void save() { local_->save(); }

    std::vector<problem> problems() const;
    manager& orders() { return *manager_; }
    const manager& orders() const { return *manager_; }
    const store::contents& records() const { return vault_.contents(); }
    const certificate_settings& settings() const { return with_.settings; }

    /// Takes over what another program kept at `path` (acme/import.hpp): how many of them, and what was wrong with
    /// others.
    struct imported {
        std::size_t count = 0;
        std::vector<problem> problems;
    };
    checked<imported> import(const std::filesystem::path& path);

private:
    certificates(vault records, parts with) : with_(std::move(with)), vault_(std::move(records)) {}

    std::string asked_url(const model::snapshot& said);
    void mark_redirects(model::snapshot& desired);
    void renew_on_demand(const host_routers& hosts, wall_clock::time_point now);

    parts with_;
    vault vault_;
    shelf shelf_;
    tls_hosts hosts_;
    std::vector<problem> problems_;         ///< of wants
    std::vector<problem> import_problems_;  ///< of the files that the settings name
    std::optional<local_issuer> local_;
    std::optional<on_demand> on_demand_;
    std::optional<manager> manager_;
};

}  // namespace lintel::acme
