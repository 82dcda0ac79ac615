#include "store/last_good.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "model/json.hpp"
#include "model/unresolved.hpp"

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

/// Whether its key, where it has one, can be read from a file again. (A chain's text may hold the key too.)
bool is_in_files(const model::transport& spec)
{
    bool key_in_chain = spec.chain_file.empty() && spec.chain_pem.contains("PRIVATE KEY");
    return spec.key_pem.empty() || (!spec.key_file.empty() && !key_in_chain);
}

void drop_texts_of_files(model::transport& spec)
{
    if (!spec.ca_file.empty()) spec.ca_pem.clear();
    if (!spec.chain_file.empty()) spec.chain_pem.clear();
    spec.key_pem.clear();
}

bool read_into(std::string& text, const std::string& file)
{
    if (file.empty()) return true;
    auto content = file::read(file);
    if (!content || content->empty()) return false;
    text = std::move(*content);
    return true;
}

bool fill_in(model::transport& spec)
{
    return read_into(spec.ca_pem, spec.ca_file) && read_into(spec.chain_pem, spec.chain_file) &&
           read_into(spec.key_pem, spec.key_file);
}

void read_transport_files(model::objects<model::transport>& all)
{
    for (auto it = all.begin(); it != all.end();) {
        bool good = fill_in(it->second);
        if (!good) log::warn("transport.missing", {{"transport", it->first}, {"source", it->second.source}});
        it = good ? std::next(it) : all.erase(it);
    }
}

}  // namespace

result<void> save_last_good(const fs::path& state, const model::snapshot& good)
{
    auto copy = model::routing_difference({}, good).upsert;
    for (const auto& [id, spec] : good.certificates) {
        if (spec.chain_file.empty()) continue;
        auto& kept = copy.certificates[id];
        kept = {.names = spec.names,
                .chain_pem = {},
                .key_pem = {},
                .chain_file = spec.chain_file,
                .key_file = spec.key_file};
        kept.fallback = spec.fallback;
        kept.is_default = spec.is_default;
    }
    std::erase_if(copy.transports, [](const auto& each) { return !is_in_files(each.second); });
    for (auto& [id, spec] : copy.transports) drop_texts_of_files(spec);
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
    read_transport_files(whole.transports);
    model::close_unresolved(whole);
}

}  // namespace lintel::store
