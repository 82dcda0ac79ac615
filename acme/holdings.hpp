#pragma once
// The certificates of the vault by the names in them, those of the local CA apart.

#include "store/records.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace lintel::acme {

/// Belongs to control's worker.
class holdings {
public:
    /// `all` must outlive this.
    explicit holdings(const store::table<store::certificate_record>& all);

    /// After it was put among the records, and before it is taken out of them.
    void add(const store::certificate_record& what);
    void remove(const store::certificate_record& what);

    /// The one that is to be renewed last, of those that cover all of `names` (by themselves or by a wildcard); null:
    /// none.
    const store::certificate_record* best_for(const std::vector<std::string>& names) const;

private:
    const store::table<store::certificate_record>& all_;
    std::map<std::string, std::set<std::string>, std::less<>> by_name_;  ///< name → ids
};

}  // namespace lintel::acme
