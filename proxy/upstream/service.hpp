#pragma once
// Endpoints that are as good as each other, and whose turn it is.

#include "base/token_bucket.hpp"
#include "net/event.hpp"
#include "proxy/upstream/endpoint.hpp"

#include <list>
#include <memory>
#include <string>
#include <vector>

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

    /// Waits for one of `most` places, at most until `end`, or until `woken` is notified by someone else. False when
    /// there was none.
    task<place> take(net::event& woken, std::size_t most, time_point end);

private:
    void give_back();

    std::size_t taken_ = 0;
    std::list<net::event*> waiting_;
};

/// Whose turn it is, per worker. Lives in the registry across snapshots.
struct rotation {
    struct alignas(64) position {
        std::uint32_t next = 0;
        upload_slots uploads{};
        token_bucket careful{100.0, 100.0, 100.0};  ///< requests that can't be repeated and get more care than others
    };
    explicit rotation(std::size_t workers) : positions(workers) {}
    std::vector<position> positions;
};

/// A service as one route table has it; immutable but for the rotation that it borrows.
struct service {
    std::string id;
    bool pass_host = true;
    std::vector<endpoint_ptr> endpoints;
    std::shared_ptr<rotation> turns;

    /// The next usable endpoint that is not in `avoid`, round robin for this worker; a shunned one only where there is
    /// no other; null when there is none.
    endpoint_ptr choose(std::size_t worker, std::span<const endpoint* const> avoid) const;

    /// The usable endpoint that became ready last, if that was within the last 10 s: while a tool replaces one release
    /// by the next, the newcomer is the one that will not be stopped. Else as choose().
    endpoint_ptr choose_newest(std::size_t worker, std::span<const endpoint* const> avoid, time_point now) const;

    /// Why no endpoint is usable: the most hopeful of their states, or "no-endpoint".
    std::string_view why_none() const;
};

using service_ptr = std::shared_ptr<const service>;

}  // namespace lintel::proxy
