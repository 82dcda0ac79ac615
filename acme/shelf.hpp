#pragma once
// Which certificates are served.

#include "model/snapshot.hpp"
#include "store/records.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lintel::acme {

/// Knows the names of all certificates that edges have or shall have, and what changed since it was last asked: one
/// more costs nothing that grows with their number. Of several that were issued for a name (an imported one, and the
/// one that follows it) the one that lasts longest is served under it: edges don't compare. Belongs to control's
/// worker.
class shelf {
public:
    /// Those of routes files: all of them, in place of those of the last call.
    void put_files(model::objects<model::certificate> all);

    void put(const store::certificate_record& issued);
    void remove(const std::string& id);

    /// Whether one that is no fallback covers `host` (a name, or "*.x" itself).
    bool covers(std::string_view host) const;

    /// The same, by one of a file.
    bool has_file_for(std::string_view host) const;

    /// What was put and removed since the last call.
    struct changes {
        model::objects<model::certificate> upsert;
        std::vector<std::string> remove;
        bool empty() const { return upsert.empty() && remove.empty(); }
    };
    changes take_changes() { return std::exchange(fresh_, {}); }

private:
    using names = std::vector<std::string>;

    struct issued {
        model::certificate spec;  ///< whole
        wall_clock::time_point until;
        names shown;  ///< under which edges have it
    };
    using rank = std::pair<wall_clock::time_point, std::string>;  ///< until when, and the id

    using counts = std::map<std::string, std::size_t, std::less<>>;

    static void count(counts& into, const names& those, int by);
    static bool has(const counts& those, std::string_view host);
    void show(const std::string& id, model::certificate spec);
    void withdraw(const std::string& id);
    void rank_in(const std::string& id, const issued& what);
    void rank_out(const std::string& id, const issued& what);
    void review(const std::string& id);

    model::objects<model::certificate> files_;
    std::map<std::string, issued> issued_;                      ///< by id
    std::map<std::string, std::set<rank>, std::less<>> ranks_;  ///< by name, the best last; fallbacks apart
    counts in_files_, in_issued_;                               ///< name → certificates that have it, fallbacks apart
    changes fresh_;
};

/// What edges are told of a record. Addresses stand as in a URL: IPv6 in brackets.
model::certificate served_form(const store::certificate_record& issued);

/// A name of a certificate as edges are told it.
std::string served_name(const std::string& name);

/// The name of the issuer whose certificates are fallbacks.
inline constexpr std::string_view local_issuer_name = "local";

}  // namespace lintel::acme
