#pragma once
// Traefik's dynamic YAML (routers and services of http and tcp, serversTransports, tls) from a file or a folder of
// *.yml and *.yaml, watched by inotify. A bad file keeps its last good content and its problem names file:line:column.

#include "discovery/catalogue.hpp"
#include "net/task.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace lintel::discovery {

/// One file's content as a fragment. A syntax error is the problem; anything else that is wrong costs its own key only
/// and is listed in the fragment. Relative certificate paths are taken from the file's folder.
checked<fragment> read_routes(std::string_view yaml, const std::filesystem::path& file);

class file_provider {
public:
    file_provider(net::event_loop& home, std::filesystem::path path, catalogue& into);
    ~file_provider();

    /// Reads at once, then follows changes until cancelled.
    task<void> run();

private:
    class state;
    std::unique_ptr<state> state_;
};

}  // namespace lintel::discovery
