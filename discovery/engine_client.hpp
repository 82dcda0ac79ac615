#pragma once
// The few calls of the engine's API that discovery makes (Docker Engine API 1.41 and later; Podman's compatible API).

#include "base/result.hpp"
#include "discovery/container.hpp"
#include "http/fetch.hpp"
#include "net/task.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::discovery {

struct engine_facts {
    std::string name;  ///< "Docker" or "Podman"
    std::string version;
    std::string api;  ///< the version of the API that we speak with it
};

/// The engine's version and which version of its API to speak: the newest that both know. `version_json`: the answer of
/// GET /version. The problem: there is none, or this is no engine.
checked<engine_facts> negotiate(std::string_view version_json);

/// Every problem's `what` is a sentence that says what to do. Belongs to one thread, as its fetcher does.
class engine_client {
public:
    /// `fetcher` outlives it. `socket`: the path of the engine's unix socket.
    engine_client(http::fetcher& fetcher, std::string socket) : fetcher_(fetcher), socket_(std::move(socket)) {}

    /// Finds out whom we talk to; to be called before all others, and again after the engine was away.
    task<checked<engine_facts>> connect();

    task<bool> answers();

    /// One container as the list has it.
    struct listed {
        std::string id;
        label_map labels;
    };
    /// All containers that exist, running or not.
    task<checked<std::vector<listed>>> list();

    /// None when the engine knows no such container. `id`: an id or a name.
    task<checked<std::optional<container>>> inspect(std::string id);

    /// Hands the event stream's bytes to `on_data` until it ends or the task is cancelled; the problem says why it
    /// ended.
    task<problem> follow_events(std::string since, std::function<void(std::string_view)> on_data);

private:
    task<checked<http::fetch_response>> get(std::string path);
    http::fetch_request request_for(std::string path) const;
    problem explain(const http::fetch_failure& failure) const;
    problem explain(const http::fetch_response& answer) const;

    http::fetcher& fetcher_;
    std::string socket_;
    std::string prefix_;  ///< "/v1.41"
};

}  // namespace lintel::discovery
