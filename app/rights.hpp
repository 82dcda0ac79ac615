#pragma once
// Who the edge is, and how it becomes that.

#include "base/result.hpp"

#include <string>

#include <sys/types.h>

namespace lintel::app {

struct identity {
    uid_t uid;
    gid_t gid;
    bool change;  ///< false: not started as root, everyone stays who they are
};

/// `wanted`: a user's name or id; empty: `lintel` where that user exists, else 65532 (never nobody, who may own things
/// of others).
checked<identity> edge_identity(const std::string& wanted);

/// As many file descriptors as the hard limit allows; the roles inherit it. The usual soft limit of 1024 is for
/// programs that use select().
void raise_descriptor_limit();

/// Becomes `who` for good: no groups, no way back, no new privileges, nothing gained by exec. Throws when the kernel
/// refuses.
void drop_rights(const identity& who);

/// Ends with the supervisor: SIGTERM when `supervisor` dies, also when it is dead already. After drop_rights(), which
/// clears it.
void end_with(pid_t supervisor);

/// This process has the CPU when those that serve don't need it. Where that isn't allowed it stays as it is.
void give_way();

}  // namespace lintel::app
