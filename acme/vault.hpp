#pragma once
// The records that certificates live in, in memory and on disk.

#include "store/records.hpp"

#include <functional>
#include <memory>
#include <string>

namespace lintel::acme {

/// All of `store::contents`, read once, changed through here only. Belongs to control's worker.
class vault {
public:
    static checked<vault> open(std::unique_ptr<store::records> on_disk);

    const store::contents& contents() const { return contents_; }

    /// Both or neither. A problem leaves everything as it was, and is logged and kept for `trouble()`.
    checked<void> commit(const store::changes& step);

    /// When it was opened: what is older comes from an earlier run.
    wall_clock::time_point opened() const { return opened_; }

    /// What the last commit failed by, in words for the owner; empty when it didn't.
    const std::string& trouble() const { return trouble_; }

private:
    vault(std::unique_ptr<store::records> on_disk, store::contents all)
        : on_disk_(std::move(on_disk)), contents_(std::move(all))
    {
    }

    std::unique_ptr<store::records> on_disk_;
    store::contents contents_;
    std::string trouble_;
    wall_clock::time_point opened_ = wall_clock::now();
};

}  // namespace lintel::acme
