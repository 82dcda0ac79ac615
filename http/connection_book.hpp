#pragma once
// The client connections of one worker by what they are doing: who is there, and whom to let go first.

#include <array>
#include <cstddef>
#include <list>

namespace lintel::http {

class h1_connection;

/// Each phase is a list ordered by since when: its front has been at it the longest. Belongs to one worker.
class connection_book {
public:
    enum class phase {
        idle,      ///< waits for the first byte of a request
        head,      ///< a part of a head is here
        exchange,  ///< a request is being answered
        leaving,   ///< closed, its task has not ended yet
    };

    /// More connections than `most_heads` in phase `head`: the one that has been there the longest is closed.
    explicit connection_book(std::size_t most_heads = 4096) : most_heads_(most_heads) {}
    connection_book(const connection_book&) = delete;

    /// A connection's own entry; it leaves the book with it.
    class entry {
    public:
        entry(connection_book& book, h1_connection& self);
        entry(const entry&) = delete;
        ~entry();

        void move_to(phase next);
        phase now() const { return now_; }

    private:
        connection_book& book_;
        phase now_ = phase::idle;
        std::list<h1_connection*>::iterator place_;
    };

    std::size_t size(phase which) const { return list_of(which).size(); }

    /// Closes up to `count` connections on which no request has begun, the longest idle first. Returns how many.
    std::size_t shed_idle(std::size_t count);

    /// Calls `visit` for each connection that is not leaving. It may move it.
    template <class Visitor>
    void for_each(Visitor visit)
    {
        for (auto which : {phase::idle, phase::head, phase::exchange}) {
            auto& list = list_of(which);
            for (auto each = list.begin(); each != list.end();) visit(**each++);
        }
    }

private:
    std::list<h1_connection*>& list_of(phase which) { return lists_[static_cast<std::size_t>(which)]; }
    const std::list<h1_connection*>& list_of(phase which) const { return lists_[static_cast<std::size_t>(which)]; }
    void shed_heads();

    std::size_t most_heads_;
    std::array<std::list<h1_connection*>, 4> lists_;
};

}  // namespace lintel::http
