#pragma once
// Shows answers to challenges through the edge.

#include "acme/challenge_board.hpp"
#include "link/publisher.hpp"
#include "net/event.hpp"

#include <list>

namespace lintel::app {

/// Belongs to control's worker.
class edge_board final : public acme::challenge_board {
public:
    /// `publisher` must outlive this.
    edge_board(net::worker& home, link::publisher& publisher) : home_(home), publisher_(publisher) {}

    task<bool> show(std::vector<model::challenge> what) override;
    void take_down(const std::vector<model::challenge>& what) override;

    /// Something about the edge changed: those who wait for it look again.
    void look()
    {
        for (auto* each : waiting_) each->notify();
    }

private:
    bool is_in_force(std::uint64_t version) const
    {
        return publisher_.edge().connected && publisher_.edge().applied >= version;
    }

    net::worker& home_;
    link::publisher& publisher_;
    std::list<net::event*> waiting_;
};

}  // namespace lintel::app
