#pragma once
// Bodies that stream hold an app's connection for as long as their clients take: only so many at a time.

#include "net/event.hpp"

#include <list>
#include <utility>

namespace lintel::proxy {

/// How many request bodies stream to one service from one worker at a time. The others wait in order.
class upload_slots {
public:
    /// One place, from being granted to the end of its life.
    class place {
    public:
        explicit place(upload_slots* from = nullptr) : from_(from) {}
        place(place&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
        place& operator=(place&& other) noexcept
        {
            std::swap(from_, other.from_);
            return *this;
        }
        ~place();
        explicit operator bool() const { return from_ != nullptr; }

    private:
        upload_slots* from_;
    };

    /// Waits for one of `most` places, at most until `end`, or until `woken` is notified by someone else, who may not
    /// want it any more. False when there was none.
    task<place> take(net::event& woken, std::size_t most, time_point end);

private:
    void give_back();

    std::size_t taken_ = 0;
    std::list<net::event*> waiting_;
};

}  // namespace lintel::proxy
