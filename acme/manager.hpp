#pragma once
// Sees to it that every want has its certificate: orders, renews, waits, and says what it waits for.

#include "acme/attempt.hpp"
#include "acme/holdings.hpp"
#include "acme/prover.hpp"
#include "acme/shelf.hpp"
#include "acme/wants.hpp"
#include "net/event.hpp"
#include "net/task_group.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace lintel::acme {

/// Belongs to control's worker. What it has learnt (accounts, orders under way, set-backs, tokens spent) is in the
/// vault before anybody acts on it, so that a restart goes on and burns nothing.
class manager {
public:
    struct parts {
        net::worker& home;
        http::fetcher& fetcher;
        challenge_board& board;
        vault& records;
        shelf& served;
        const certificate_settings& settings;
    };

    /// `on_change`: a certificate was put on the shelf or taken from it. All parts must outlive this.
    manager(parts with, std::function<void()> on_change);

    /// These and no others. Certificates of names that aren't wanted are served to their end, and not renewed.
    void want(std::vector<acme::want> all);

    /// Works until cancelled.
    task<void> run();

    /// What a host's first certificate waits for, a sentence; empty where it has one, or where nobody may be asked.
    std::string waits_for(const std::string& host) const;

    /// For the owner: what stands in the way of wants.
    std::vector<problem> problems() const;

    /// How each want fares, for `lintel cert`.
    struct state {
        std::vector<std::string> names, issuers;
        std::string what;                                        ///< "valid", "due", "ordering", "waiting", "local"
        std::string why;                                         ///< a sentence, where there is something to say
        wall_clock::time_point next_try;                         ///< zero: none is planned
        const store::certificate_record* certificate = nullptr;  ///< that covers all names; null: none
    };
    std::vector<state> states() const;

    /// Forgets set-backs and renews whatever covers `name`, now, and where that fails again and again as with one that
    /// is due. A problem when nothing like it is wanted.
    checked<void> renew(const std::string& name);

    /// Revokes the certificate (RFC 8555 §7.6; `reason`: RFC 5280 §5.3.1) and forgets it; a new one is ordered where it
    /// is wanted.
    task<checked<void>> revoke(std::string id, int reason);

    /// One that came by another way, and is among the records already.
    void take_over(const store::certificate_record& what);

    accounts& at_cas() { return accounts_; }

private:
    enum class outlook {
        satisfied,  ///< a valid certificate is there, and not due
        hopeless,   ///< nobody may be asked
        open,       ///< something is to be done, now or later
    };
    outlook look_at(const acme::want& which, wall_clock::time_point now) const;

    wall_clock::time_point start_due(wall_clock::time_point now);
    void ask_for_advice(wall_clock::time_point now);
    wall_clock::time_point next_chance(const acme::want& which, wall_clock::time_point now) const;
    wall_clock::time_point held_until(const issuer& whose, const acme::want& which) const;
    const issuer* find_issuer(const std::string& name) const;
    std::string why_not(const issuer& whose, const acme::want& which) const;
    const store::setback_record* setback_of(const std::string& subject) const;
    const acme::want* want_for(const std::string& host) const;
    state state_of(const acme::want& which, wall_clock::time_point now) const;

    task<void> attend(acme::want which);
    task<void> take_advice(std::string id);
    void keep(attempt_result got);
    void note_disk();

    parts with_;
    std::function<void()> on_change_;
    accounts accounts_;
    std::vector<net::address> resolvers_;
    prover prover_;
    holdings holdings_;
    std::map<std::string, acme::want, std::less<>> wants_;          ///< by key
    std::map<std::string, std::string, std::less<>> want_of_host_;  ///< host → key of its want
    std::map<std::string, std::string, std::less<>> doing_;         ///< want → what is under way for it
    std::set<std::string, std::less<>> forced_;                     ///< wants to renew until that has succeeded
    std::set<std::string, std::less<>> advised_;                    ///< certificates that are being asked about
    wall_clock::time_point disk_again_;                             ///< nothing is begun before: the disk refused
    net::event news_;
    net::task_group tasks_;
};

}  // namespace lintel::acme
