#pragma once
// A container engine on a unix socket: enough of Docker's API for discovery, with containers that a test makes up.

#include "tests/support/tiny_server.hpp"

#include <condition_variable>
#include <map>
#include <set>
#include <vector>

namespace lintel::test {

/// Thread-safe. Answers /_ping, /version, /containers/json, /containers/{id}/json and /events.
class fake_engine {
public:
    explicit fake_engine(const std::string& socket) : server_(socket, [this](peer& client) { serve(client); }) {}

    ~fake_engine()
    {
        std::lock_guard hold(guard_);
        closing_ = true;
        changed_.notify_all();
    }

    /// `labels`: JSON members, such as "\"lintel.host\":\"a\"".
    void set_container(const std::string& id, const std::string& status, const std::string& labels)
    {
        std::lock_guard hold(guard_);
        containers_[id] = {status, labels};
    }

    void remove_container(const std::string& id)
    {
        std::lock_guard hold(guard_);
        containers_.erase(id);
    }

    /// Calls to inspect `id` wait until release().
    void hold_inspects_of(const std::string& id)
    {
        std::lock_guard hold(guard_);
        held_.insert(id);
    }
    void release()
    {
        std::lock_guard hold(guard_);
        held_.clear();
        changed_.notify_all();
    }

    void emit(const std::string& id, const std::string& action, const std::string& attributes = "")
    {
        std::lock_guard hold(guard_);
        events_.push_back(R"({"Type":"container","Action":")" + action + R"(","Actor":{"ID":")" + id +
                          R"(","Attributes":{)" + attributes + "}}}\n");
        changed_.notify_all();
    }

    void end_event_streams()
    {
        std::lock_guard hold(guard_);
        ++stream_generation_;
        changed_.notify_all();
    }

    int inspects() const { return inspects_; }
    bool followed() const { return streams_ > 0; }

private:
    struct made_up {
        std::string status;
        std::string labels;
    };

    void serve(peer& client)
    {
        while (auto request = client.next_request()) {
            auto path = request->substr(4, request->find(' ', 4) - 4);
            if (path == "/_ping")
                client.answer(200, "OK");
            else if (path == "/version")
                client.answer(200, R"({"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"})");
            else if (path == "/v1.41/containers/json?all=1")
                client.answer(200, list());
            else if (path.starts_with("/v1.41/containers/"))
                inspect(client, path.substr(18, path.rfind('/') - 18));
            else if (path.starts_with("/v1.41/events?"))
                return stream_events(client);
            else
                client.answer(404, R"({"message":"page not found"})");
        }
    }

    std::string list()
    {
        std::lock_guard hold(guard_);
        std::string items;
        for (const auto& [id, what] : containers_) {
            items += (items.empty() ? "" : ",") + (R"({"Id":")" + id + R"(","Labels":{)" + what.labels + "}}");
        }
        return '[' + items + ']';
    }

    void inspect(peer& client, const std::string& id)
    {
        std::unique_lock hold(guard_);
        ++inspects_;
        changed_.wait(hold, [&] { return closing_ || !held_.contains(id); });
        auto found = containers_.find(id);
        if (found == containers_.end()) return client.answer(404, R"({"message":"No such container"})");
        auto address = found->second.status == "running" ? "10.0.0.1" : "";
        client.answer(
            200,
            R"({"Id":")" + id + R"(","Name":"/)" + id + R"(","State":{"Status":")" + found->second.status +
                R"("},"Config":{"Labels":{)" + found->second.labels +
                R"(},"ExposedPorts":{"80/tcp":{}},"StopTimeout":0},"NetworkSettings":{"Networks":{"n":{"IPAddress":")" +
                address + R"("}}},"HostConfig":{"NetworkMode":"n"}})");
    }

    void stream_events(peer& client)
    {
        client.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        std::unique_lock hold(guard_);
        auto mine = stream_generation_;
        auto next = events_.size();
        ++streams_;
        for (;;) {
            changed_.wait(hold, [&] { return closing_ || mine != stream_generation_ || next < events_.size(); });
            if (closing_ || mine != stream_generation_) break;
            client.send_chunk(events_[next++]);
        }
        --streams_;
    }

    std::mutex guard_;
    std::condition_variable changed_;
    std::map<std::string, made_up> containers_;
    std::set<std::string> held_;
    std::vector<std::string> events_;
    int stream_generation_ = 0;
    bool closing_ = false;
    std::atomic<int> streams_ = 0;
    std::atomic<int> inspects_ = 0;
    tiny_server server_;  // last: its threads use every member above
};

}  // namespace lintel::test
