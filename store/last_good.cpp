#include "store/last_good.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "model/json.hpp"

namespace lintel::store {

namespace fs = std::filesystem;

namespace {

fs::path path_in(const fs::path& state) { return state / "last-good.json"; }

/// Endpoints from a routes file are known by their URL; all others are containers'.
bool is_containers(const std::string& endpoint_id) { return endpoint_id.find("://") == std::string::npos; }

bool fill_in(model::certificate& spec)
{
    auto chain = file::read(spec.chain_file), key = file::read(spec.key_file);
    if (!chain || !key) return false;
    spec.chain_pem = std::move(*chain);
    spec.key_pem = std::move(*key);
    return !spec.chain_pem.empty() && !spec.key_pem.empty();
}

}  // namespace

result<void> save_last_good(const fs::path& state, const model::snapshot& good)
{
    auto copy = good;
    std::erase_if(copy.certificates, [](const auto& each) { return each.second.chain_file.empty(); });
    for (auto& [id, spec] : copy.certificates) {
        spec.chain_pem.clear();
        spec.key_pem.clear();
    }
    return file::write_atomically(path_in(state), model::encode_snapshot(copy), 0600);
}

std::optional<model::snapshot> load_last_good(const fs::path& state)
{
    auto text = file::read(path_in(state));
    if (!text) return {};
    model::delta step;
    if (auto whole = model::decode(*text, step); !whole || !*whole) {
        log::error("last_good.broken",
                   {{"file", path_in(state).string()}, {"why", whole ? "cut short" : whole.error().what}});
        return {};
    }
    read_certificate_files(step.upsert);
    for (auto& [id, spec] : step.upsert.endpoints) {
        if (is_containers(id)) spec.ready = model::readiness::unconfirmed;
    }
    return std::move(step.upsert);
}

void read_certificate_files(model::snapshot& whole)
{
    for (auto it = whole.certificates.begin(); it != whole.certificates.end();) {
        auto& spec = it->second;
        bool good = spec.chain_file.empty() || fill_in(spec);
        if (!good) log::warn("certificate.missing", {{"file", spec.chain_file}});
        it = good ? std::next(it) : whole.certificates.erase(it);
    }
}

}  // namespace lintel::store
