#pragma once
// Certificates on demand: handshakes for a name that nobody has a certificate for wait until control has obtained one.

#include "net/event.hpp"
#include "net/worker.hpp"
#include "proxy/routing/route_table.hpp"
#include "tls/certificate_finder.hpp"
#include "tls/server.hpp"

#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>

namespace lintel::proxy {

/// Whether a public CA could give somebody a certificate for it: two labels at least, of letters, digits and hyphens
/// (RFC 5890 §2.3.1), no address. `name` in lower case.
bool may_be_public(std::string_view name);

/// One worker's. Names are worth waiting for while a router asks an owner's URL about any of them.
class name_finder final : public tls::certificate_finder {
public:
    struct limits {
        std::size_t handshakes;  ///< that may wait at once; those beyond are refused
        duration patience;       ///< how long one waits, where its own end isn't earlier
    };

    /// `ask` gets each name that a handshake waits for, when it begins and each second, as what control knew of it goes
    /// when control does; empty: nobody can be asked, nothing is waited for. All
    /// that is referred to must outlive this.
    name_finder(net::worker& home, net::snapshot_cell<route_table>::reader& routes, const tls::server& published,
                limits most, std::function<void(std::string)> ask);

    bool is_pending(std::string_view server_name) override;
    task<void> found(std::string server_name, time_point end) override;

    /// Other certificates were published: those whose name is covered now go on.
    void look_again();

    /// None comes for `name`: those that wait for it go on without.
    void refuse(std::string_view name);

    /// Nobody waits from here on.
    void give_up();

    std::size_t waiting() const { return waiting_.size(); }

private:
    struct waiter {
        waiter(std::string_view what, net::event_loop& home) : name(what), again(home) {}

        std::string_view name;
        net::event again;
    };

    net::worker& home_;
    net::snapshot_cell<route_table>::reader& routes_;
    const tls::server& published_;
    limits most_;
    std::function<void(std::string)> ask_;
    std::list<waiter> waiting_;
    bool given_up_ = false;
};

/// What was asked for lately by any worker, so that control hears of each name once in a while, however many come.
class asked_names {
public:
    /// True when `name` should be asked for at `now`: not within a second of the last time, and not where as many
    /// others were in that second that no more fit.
    bool is_due(const std::string& name, time_point now);

    static constexpr std::size_t most = 1024;

private:
    std::map<std::string, time_point, std::less<>> asked_;
};

}  // namespace lintel::proxy
