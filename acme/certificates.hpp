#pragma once
// All that control does about certificates: what is kept, who issues, what is served.

#include "acme/local_issuer.hpp"
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
    /// Opens the records and the local CA in the state folder; what they hold is served from the first snapshot on.
    static checked<std::unique_ptr<certificates>> open(const std::filesystem::path& state,
                                                       std::vector<model::entrypoint> entrypoints);

    /// Those of routes files: all of them.
    void put_files(model::objects<model::certificate> all) { shelf_.put_files(std::move(all)); }

    /// Sees to a certificate for every host of `desired` that is served over TLS.
    void want(const model::snapshot& desired, wall_clock::time_point now);

    /// Puts what is to be served from now on into a step.
    void add_changes(model::delta& step);

    /// Writes down what can be made again, once it is served.
    void save() { local_->save(); }

private:
    explicit certificates(vault records, std::vector<model::entrypoint> entrypoints)
        : entrypoints_(std::move(entrypoints)), vault_(std::move(records))
    {
    }

    std::vector<model::entrypoint> entrypoints_;
    vault vault_;
    shelf shelf_;
    tls_hosts hosts_;
    std::optional<local_issuer> local_;
};

}  // namespace lintel::acme
