#pragma once
// Which CAs a domain lets issue (RFC 8659).

#include "net/address.hpp"
#include "net/worker.hpp"

#include <string>
#include <vector>

namespace lintel::acme {

struct caa_question {
    std::vector<net::address> resolvers;
    std::vector<std::string> ca_names;  ///< any of which a record may name
    std::string name;                   ///< "*.x" asks for a wildcard of x
};

/// A sentence that names the record which forbids it; empty: none does, as far as the name servers say within `limit`.
task<std::string> forbidding_record(net::worker& home, caa_question what, duration limit);

/// Of the records at `owner`, those that count for `name` (RFC 8659 §4): as forbidding_record. `records`:
/// "FLAGS TAG VALUE", at least one. Pure.
std::string forbidding_record(const std::vector<std::string>& records, const std::string& owner,
                              const caa_question& what);

}  // namespace lintel::acme
