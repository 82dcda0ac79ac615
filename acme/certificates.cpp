#include "acme/certificates.hpp"

#include "store/sqlite_records.hpp"

namespace lintel::acme {

checked<std::unique_ptr<certificates>> certificates::open(const std::filesystem::path& state,
                                                          std::vector<model::entrypoint> entrypoints)
{
    auto on_disk = store::open_records(state);
    if (!on_disk) return std::unexpected(on_disk.error());
    auto records = vault::open(std::move(*on_disk));
    if (!records) return std::unexpected(records.error());
    std::unique_ptr<certificates> all(new certificates(std::move(*records), std::move(entrypoints)));
    auto local = local_issuer::open(state, all->vault_, all->shelf_);
    if (!local) return std::unexpected(local.error());
    all->local_.emplace(std::move(*local));
    for (const auto& [id, record] : all->vault_.contents().certificates) {
        if (record.issuer != local_issuer_name) all->shelf_.put(record);
    }
    return all;
}

void certificates::want(const model::snapshot& desired, wall_clock::time_point now)
{
    std::vector<std::string> uncovered;
    for (const auto& [host, routers] : hosts_.of(desired, entrypoints_)) {
        if (!shelf_.covers(host)) uncovered.push_back(host);
    }
    local_->provide(uncovered, now);
}

void certificates::add_changes(model::delta& step)
{
    auto changed = shelf_.take_changes();
    step.upsert.certificates = std::move(changed.upsert);
    step.remove.certificates = std::move(changed.remove);
}

}  // namespace lintel::acme
