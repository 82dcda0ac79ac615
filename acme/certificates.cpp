#include "acme/certificates.hpp"

#include "acme/import.hpp"
#include "acme/renewal.hpp"
#include "base/log.hpp"
#include "model/rule.hpp"
#include "net/address.hpp"
#include "store/sqlite_records.hpp"

#include <algorithm>

namespace lintel::acme {

checked<std::unique_ptr<certificates>> certificates::open(const std::filesystem::path& state, parts with)
{
    auto on_disk = store::open_records(state);
    if (!on_disk) return std::unexpected(on_disk.error());
    auto records = vault::open(std::move(*on_disk));
    if (!records) return std::unexpected(records.error());
    std::unique_ptr<certificates> all(new certificates(std::move(*records), std::move(with)));
    auto local = local_issuer::open(state, all->vault_, all->shelf_);
    if (!local) return std::unexpected(local.error());
    all->local_.emplace(std::move(*local));
    for (const auto& [id, record] : all->vault_.contents().certificates) {
        if (record.issuer != local_issuer_name) all->shelf_.put(record);
    }
    auto& [home, fetcher, board, entrypoints, settings, on_served, on_wanted, on_refused] = all->with_;
    all->on_demand_.emplace(home, fetcher, all->vault_, on_wanted, on_refused);
    all->manager_.emplace(manager::parts{home, fetcher, board, all->vault_, all->shelf_, settings}, on_served);
    for (const auto& path : settings.imports) {
        auto got = all->import(path);
        if (!got) all->import_problems_.push_back(got.error());
        if (got) std::ranges::move(got->problems, std::back_inserter(all->import_problems_));
    }
    return all;
}

checked<certificates::imported> certificates::import(const std::filesystem::path& path)
{
    auto read = import_from(path);
    if (!read) return std::unexpected(read.error());
    imported result;
    result.problems = std::move(read->problems);
    store::changes step;
    for (auto& each : read->certificates) {
        bool known = vault_.contents().certificates.contains(each.id) || manager_->has_later(each);
        if (!known) step.certificates.put.push_back(std::move(each));
    }
    result.count = step.certificates.put.size();
    if (result.count == 0) return result;
    if (auto written = vault_.commit(step); !written) return std::unexpected(written.error());
    for (const auto& each : step.certificates.put) {
        shelf_.put(each);
        manager_->take_over(each);
    }
    log::info("certificates.imported", {{"from", path.string()}, {"count", result.count}});
    return result;
}

void certificates::want(const model::snapshot& said, const router_terms& terms, wall_clock::time_point now)
{
    auto hosts = hosts_.of(said, with_.entrypoints);
    auto wanted = collect_wants(hosts, terms, with_.settings);
    problems_ = std::move(wanted.problems);
    on_demand_->use(asked_url(said));
    for (const auto& name : on_demand_->names(steady_clock::now())) {
        if (!hosts.contains(name)) wanted.all.push_back({{name}, issuers_for(name, with_.settings)});
    }
    manager_->want(std::move(wanted.all));
    renew_on_demand(hosts, now);
}

/// One for all names: whoever asks has said no more than a name.
std::string certificates::asked_url(const model::snapshot& said)
{
    std::string url;
    for (const auto& [id, router] : said.routers) {
        if (router.ask.empty() || !router.refusal.empty()) continue;
        if (url.empty()) url = router.ask;
        if (router.ask != url)
            problems_.push_back({router.source, "its ask URL is not used: another router's is, " + url});
    }
    return url;
}

/// The owner is not asked about what nobody would issue. The edge reads from the internet: its word for what is a name
/// is not taken.
void certificates::ask(const std::string& name)
{
    const auto& settings = with_.settings;
    bool is_name = model::canonical_host(name) == name && !net::address::of_ip(name, 0);
    bool anybody =
        is_name && std::ranges::any_of(issuers_for(name, settings), [&](const auto& each) {
            auto whose = settings.issuers.find(each);
            return whose != settings.issuers.end() && (whose->second.is_private || why_not_public(name).empty());
        });
    if (!anybody) return with_.on_refused(name);
    on_demand_->ask(name);
}

void certificates::bridge(model::snapshot& desired, wall_clock::time_point now)
{
    std::vector<std::string> uncovered;
    for (const auto& [host, routers] : hosts_.of(desired, with_.entrypoints)) {
        if (!shelf_.covers(host)) uncovered.push_back(host);
    }
    local_->provide(uncovered, now);
    mark_redirects(desired);
}

void certificates::mark_redirects(model::snapshot& desired)
{
    for (auto& [id, router] : desired.routers) {
        if (!router.redirect_to_https) continue;
        for (const auto& host : hosts_.of_rule(router.rule)) {
            if (auto what = manager_->waits_for(host); !what.empty()) router.pending.emplace(host, std::move(what));
        }
    }
}

/// Nobody's route names them, so the owner's URL decides again whether they are renewed.
void certificates::renew_on_demand(const host_routers& hosts, wall_clock::time_point now)
{
    if (!on_demand_->is_on()) return;
    for (const auto& [id, each] : vault_.contents().certificates) {
        if (each.issuer == local_issuer_name || each.names.size() != 1 || renewal_time(each) > now) continue;
        const auto& name = each.names.front();
        bool by_demand = !hosts.contains(name) && !name.starts_with("*.") && !net::address::of_ip(name, 0);
        if (by_demand) on_demand_->ask(name);
    }
}

void certificates::add_changes(model::delta& step)
{
    auto changed = shelf_.take_changes();
    step.upsert.certificates = std::move(changed.upsert);
    step.remove.certificates = std::move(changed.remove);
}

std::vector<problem> certificates::problems() const
{
    auto all = problems_;
    all.insert(all.end(), import_problems_.begin(), import_problems_.end());
    std::ranges::move(manager_->problems(), std::back_inserter(all));
    return all;
}

}  // namespace lintel::acme
