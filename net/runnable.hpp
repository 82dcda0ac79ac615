#pragma once
// What a loop lets go on.

#include <boost/intrusive/list.hpp>

namespace lintel::net {

/// Waits in an event loop's queue for its turn. Leaves the queue when it is destroyed.
class runnable : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    runnable() = default;
    runnable(const runnable&) = delete;

    /// Called by the loop; may destroy the runnable.
    virtual void go_on() = 0;

protected:
    ~runnable() = default;
};

}  // namespace lintel::net
