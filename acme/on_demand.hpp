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

/// Asks `URL?domain=NAME` (2xx: yes, anything else: no) within 2 s, once per name at a time; keeps a yes for an hour
/// and a no for a minute. New names are capped per hour, and per registered domain (docs/certificates.md), whoever
/// asks. Belongs to control's worker.
class on_demand {
public:
    /// `on_yes`: a name is wanted from now on. All must outlive this.
    on_demand(net::worker& home, http::fetcher& fetcher, vault& records, std::function<void()> on_yes);

    /// The `ask` of the routers in force; empty: nothing is issued on demand.
    void use(std::string url);
    bool is_on() const { return !url_.empty(); }

    /// A handshake waits for `name`, or its certificate is to be renewed.
    void ask(const std::string& name);

    /// Names that may have a certificate, as of late.
    std::set<std::string> names() const;

private:
    struct verdict {
        bool yes = false;
        time_point until;
    };

    task<void> find_out(std::string name);
    bool spend_token(const std::string& name);
    void make_room();

    http::fetcher& fetcher_;
    vault& vault_;
    std::function<void()> on_yes_;
    std::string url_;
    std::map<std::string, verdict, std::less<>> verdicts_;
    std::set<std::string, std::less<>> asking_;
    net::task_group tasks_;
};

}  // namespace lintel::acme
