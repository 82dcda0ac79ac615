#pragma once
// The client connections of one worker by what they are doing: who is there, and whom to let go first.

#include <boost/intrusive/list.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace lintel::net {
class worker;
}

namespace lintel::http {

class client_connection;
class h1_exchange;
class h2_exchange;

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
    explicit connection_book(std::size_t most_heads = 4096);
    connection_book(const connection_book&) = delete;
    ~connection_book();

    /// A connection's own entry; it leaves the book with it.
    class entry : public boost::intrusive::list_base_hook<> {
    public:
        entry(connection_book& book, client_connection& self) : book_(book), self_(self)
        {
            book_.list_of(now_).push_back(*this);
        }
        entry(const entry&) = delete;
        ~entry()
        {
            auto& list = book_.list_of(now_);
            list.erase(list.iterator_to(*this));
        }

        void move_to(phase next);
        phase now() const { return now_; }
        connection_book& book() const { return book_; }
        client_connection& connection() const { return self_; }

    private:
        connection_book& book_;
        client_connection& self_;
        phase now_ = phase::idle;
    };

    /// Idle connections have no exchange; those that answer take one of these.
    std::unique_ptr<h1_exchange> take_exchange(net::worker& home);
    void keep(std::unique_ptr<h1_exchange> unused);
    std::unique_ptr<h2_exchange> take_h2_exchange(net::worker& home);
    void keep(std::unique_ptr<h2_exchange> unused);

    std::size_t size(phase which) const { return list_of(which).size(); }

    /// Closes up to `count` connections on which no request has begun, the longest idle first. Returns how many.
    std::size_t shed_idle(std::size_t count);

    /// Calls `visit` for each connection that is not leaving. It may move it.
    template <class Visitor>
    void for_each(Visitor visit)
    {
        for (auto which : {phase::idle, phase::head, phase::exchange}) {
            auto& list = list_of(which);
            for (auto each = list.begin(); each != list.end();) visit((each++)->connection());
        }
    }

private:
    using entries = boost::intrusive::list<entry>;

    entries& list_of(phase which) { return lists_[static_cast<std::size_t>(which)]; }
    const entries& list_of(phase which) const { return lists_[static_cast<std::size_t>(which)]; }
    void shed_heads();

    static constexpr std::size_t kept_exchanges = 64;

    std::size_t most_heads_;
    std::vector<std::unique_ptr<h1_exchange>> spare_;
    std::vector<std::unique_ptr<h2_exchange>> spare_h2_;
    std::array<entries, 4> lists_;
};

}  // namespace lintel::http
