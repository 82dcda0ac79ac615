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
        duration disk_pause = std::chrono::seconds(30);  ///< after a write that failed
    };

    /// `on_change`: a certificate was put on the shelf or taken from it. All parts must outlive this.
    manager(parts with, std::function<void()> on_change);

    /// These and no others. Certificates of names that aren't wanted are served to their end, and not renewed.
    void want(std::vector<acme::want> all);

    /// Works until cancelled; what is under way then is cancelled too.
    task<void> run();

    /// What a host's first certificate waits for, a sentence; empty where it has one, or where nobody may be asked.
    std::string waits_for(const std::string& host) const;

    /// For the owner: what stands in the way of wants.
    std::vector<problem> problems() const;

    /// How each want fares, for `lintel cert`.
    struct state {
        std::vector<std::string> names, issuers;
        std::string what;                 ///< "valid", "file", "due", "ordering", "waiting", "local"
        std::string why;                  ///< a sentence, where there is something to say
        wall_clock::time_point next_try;  ///< zero: none is planned
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

    /// Whether one that lasts longer covers all that `what` covers: edges would not know which of them to show.
    bool has_later(const store::certificate_record& what) const;

    accounts& at_cas() { return accounts_; }

private:
    enum class outlook {
        satisfied,  ///< a valid certificate is there, and not due
        hopeless,   ///< nobody may be asked
        open,       ///< something is to be done, now or later
    };
    outlook look_at(const acme::want& which, wall_clock::time_point now) const;
    bool is_fresh(const store::certificate_record& best, const acme::want& of, wall_clock::time_point now) const;
    bool may_be_asked(const acme::want& which) const;
    bool is_covered_by_files(const acme::want& which) const;

    wall_clock::time_point start_due(wall_clock::time_point now);
    void ask_for_advice(wall_clock::time_point now);
    wall_clock::time_point next_chance(const acme::want& which, wall_clock::time_point now) const;
    const issuer* find_issuer(const std::string& name) const;
    std::vector<const issuer*> issuers_of(const acme::want& which) const;
    static std::string why_not_its(const issuer& whose, const acme::want& which);
    std::string why_not(const issuer& whose, const acme::want& which) const;
    const acme::want* want_for(const std::string& host) const;
    state state_of(const acme::want& which, wall_clock::time_point now) const;

    task<void> follow_wants();
    task<void> attend(acme::want which);
    task<void> take_advice(std::string id);
    const store::certificate_record* replaced_by(const attempt_result& got) const;
    void serve(const attempt_result& got);
    void keep(attempt_result got);
    void keep_what_was_refused();
    void note_disk();
    bool disk_rests() const;
    void mend_times(wall_clock::time_point now);
    void tidy(wall_clock::time_point now);

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
    std::map<std::string, attempt_result, std::less<>> unkept_;     ///< want → what the disk refused
    time_point disk_again_;                                         ///< nothing is begun before: the disk refused
    duration clock_drift_ = duration::max();  ///< of the wall clock; as at a jump when this begins
    time_point tidy_again_ = steady_clock::now() + std::chrono::hours(1);  ///< by then the routes have settled
    net::event news_;
    net::task_group tasks_;
};

}  // namespace lintel::acme
