#pragma once
// Which zone a name belongs to.

#include "base/result.hpp"
#include "net/address.hpp"
#include "net/worker.hpp"

#include <string>
#include <vector>

namespace lintel::acme {

/// The zone that holds, or would hold, records of `name`: the owner of the nearest SOA, no trailing dot. A problem when
/// `resolvers` don't answer within `limit`.
task<checked<std::string>> zone_of(net::worker& home, std::vector<net::address> resolvers, std::string name,
                                   duration limit);

}  // namespace lintel::acme
