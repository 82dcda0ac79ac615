#pragma once
// What restricts access and is named, but isn't there.

#include "model/snapshot.hpp"

namespace lintel::model {

/// Closes (`refusal`) the routers that name TLS options which `whole` doesn't have, or whose service names a transport
/// which it doesn't have: they are never served on other terms than theirs. "default" may be missing.
void close_unresolved(snapshot& whole);

}  // namespace lintel::model
