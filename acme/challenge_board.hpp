#pragma once
// Where answers to a CA's questions are shown to the world.

#include "model/objects.hpp"
#include "net/task.hpp"

#include <string>
#include <vector>

namespace lintel::acme {

/// Implemented by whoever knows the edge. Belongs to control's worker.
class challenge_board {
public:
    virtual ~challenge_board() = default;

    /// Shows `what` from every worker; true once all of them do, false when that takes too long (the edge is away): the
    /// answers stay up all the same.
    virtual task<bool> show(std::vector<model::challenge> what) = 0;

    virtual void take_down(const std::vector<model::challenge>& what) = 0;
};

}  // namespace lintel::acme
