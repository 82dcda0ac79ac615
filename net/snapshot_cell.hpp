#pragma once
// One immutable value that is published now and then and read all the time.

#include <atomic>
#include <cstdint>
#include <memory>

namespace lintel::net {

/// Any thread may publish; each `reader` belongs to one thread and costs one acquire load while nothing changed.
/// Who holds an old value keeps it alive and unchanged for as long as it likes.
template <class Value>
class snapshot_cell {
public:
    using pointer = std::shared_ptr<const Value>;

    explicit snapshot_cell(pointer first) : current_(std::move(first)) {}

    void publish(pointer next)
    {
        current_.store(std::move(next));
        version_.fetch_add(1, std::memory_order_release);
    }

    pointer load() const { return current_.load(); }

    class reader {
    public:
        explicit reader(const snapshot_cell& cell) : cell_(cell) {}

        const pointer& get()
        {
            auto latest = cell_.version_.load(std::memory_order_acquire);
            if (latest != seen_) {
                mine_ = cell_.current_.load();
                seen_ = latest;
            }
            return mine_;
        }

    private:
        const snapshot_cell& cell_;
        pointer mine_;
        std::uint64_t seen_ = 0;
    };

private:
    std::atomic<pointer> current_;
    std::atomic<std::uint64_t> version_{1};
};

}  // namespace lintel::net
