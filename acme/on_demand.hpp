#pragma once
// Certificates for names that no route names: the owner's URL says which.

#include "acme/vault.hpp"
#include "acme/wants.hpp"
#include "http/fetch.hpp"
#include "net/task_group.hpp"
#include "net/worker.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>

namespace lintel::acme {

/// Asks `URL?domain=NAME` (2xx: yes, anything else: no) within 2 s, once per name at a time; keeps a yes for an hour, a
/// no for a minute, and that nobody answered for 5 s. New names, those without a certificate, are capped per hour, and
/// per registered domain (docs/certificates.md), whoever asks. Belongs to control's worker.
class on_demand {
public:
    /// `on_yes`: a name is wanted from now on; `on_no`: this one isn't, for now, whoever waits for it. All must outlive
    /// this.
    on_demand(net::worker& home, http::fetcher& fetcher, vault& records, std::function<void()> on_yes,
              std::function<void(const std::string& name)> on_no);

    /// The `ask` of the routers in force; empty: nothing is issued on demand.
    void use(std::string url);
    bool is_on() const { return !url_.empty(); }

    /// Awaits `body`, then cancels the questions that are under way: they end before this does.
    task<void> alongside(task<void> body) { return tasks_.alongside(std::move(body)); }

    /// A handshake waits for `name`, or its certificate is to be renewed.
    void ask(const std::string& name);

    /// Names that may have a certificate at `now`: a yes that is older than an hour counts no more, so that what nobody
    /// asks for is neither ordered again and again nor renewed.
    std::set<std::string> names(time_point now) const;

private:
    struct verdict {
        bool yes = false;
        time_point until;
    };

    task<void> find_out(std::string name);
    bool is_new(const std::string& name) const;
    bool spend_token(const std::string& name);
    void make_room();

    http::fetcher& fetcher_;
    vault& vault_;
    std::function<void()> on_yes_;
    std::function<void(const std::string&)> on_no_;
    std::string url_;
    std::map<std::string, verdict, std::less<>> verdicts_;
    std::set<std::string, std::less<>> asking_;
    net::task_group tasks_;
};

}  // namespace lintel::acme
