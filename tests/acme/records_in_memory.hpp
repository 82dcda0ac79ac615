#pragma once
// What stands for the disk in tests of acme/.

#include "store/records.hpp"

#include <functional>
#include <memory>

namespace lintel::acme {

/// What a vault of a test begins with, and which steps its disk refuses.
struct disk {
    store::contents before;
    std::function<bool(const store::changes&)> refuses = [](const auto&) { return false; };
    std::vector<store::changes> written;
};

class records_in_memory final : public store::records {
public:
    /// `on` must outlive this.
    explicit records_in_memory(disk& on) : on_(on) {}

    checked<store::contents> load() override { return on_.before; }
    checked<void> commit(const store::changes& step) override
    {
        if (on_.refuses(step)) return std::unexpected(problem{"lintel.db", "the disk is full"});
        on_.written.push_back(step);
        return {};
    }

private:
    disk& on_;
};

}  // namespace lintel::acme
