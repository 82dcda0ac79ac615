#include "acme/local_issuer.hpp"

#include "base/log.hpp"
#include "tls/certificate.hpp"

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr auto renew_before_end = 30 * 24h;
constexpr auto kept_unwanted = 24h;

}  // namespace

checked<local_issuer> local_issuer::open(const std::filesystem::path& state, vault& records, shelf& served)
{
    auto ca = tls::local_ca::open(state);
    if (!ca) return std::unexpected(ca.error());
    local_issuer issuer(std::move(*ca), records, served);
    issuer.load(wall_clock::now());
    return issuer;
}

/// None of them is parsed: of thousands that would be seconds before the first route is known. Those of another CA
/// (somebody made it anew) help nobody; which one made them stands where an ACME certificate has its profile.
void local_issuer::load(wall_clock::time_point now)
{
    const auto& profile = ca_.fingerprint();
    for (const auto& [id, record] : records_->contents().certificates) {
        if (record.issuer != local_issuer_name) continue;
        if (record.profile != profile) {
            unsaved_.certificates.erase.push_back(id);
            continue;
        }
        served_->put(record);
        by_host_.insert_or_assign(served_form(record).names.front(), issued{id, record.not_after, now});
    }
}

void local_issuer::provide(const std::vector<std::string>& hosts, wall_clock::time_point now)
{
    std::vector<std::string> missing;
    for (const auto& host : hosts) {
        auto known = by_host_.find(host);
        bool fresh = known != by_host_.end() && known->second.not_after - now > renew_before_end;
        if (!fresh) missing.push_back(host);
        if (known != by_host_.end()) known->second.last_wanted = now;
    }
    std::erase_if(by_host_, [&](const auto& each) {
        if (now - each.second.last_wanted < kept_unwanted) return false;
        drop(each.second.id);
        return true;
    });
    for (const auto& host : missing) issue(host, now);
}

void local_issuer::issue(const std::string& host, wall_clock::time_point now)
{
    auto made = make(host);
    auto known = by_host_.find(host);
    if (known != by_host_.end()) drop(known->second.id);
    by_host_.insert_or_assign(host, issued{made.id, made.not_after, now});
    served_->put(made);
    unsaved_.certificates.put.push_back(std::move(made));
    log::info("local_ca.issued", {{"host", host}});
}

store::certificate_record local_issuer::make(const std::string& host)
{
    auto made = ca_.issue(host);
    auto facts = tls::inspect_certificate(made.chain_pem).value();
    return {.id = facts.fingerprint,
            .names = facts.names,
            .issuer = std::string(local_issuer_name),
            .chain_pem = std::move(made.chain_pem),
            .key_pem = std::move(made.key_pem),
            .not_before = facts.not_before,
            .not_after = facts.not_after,
            .profile = ca_.fingerprint(),
            .renew_at = {},
            .window_start = {},
            .window_end = {},
            .ask_again_at = {}};
}

void local_issuer::drop(const std::string& id)
{
    served_->remove(id);
    std::erase_if(unsaved_.certificates.put, [&](const auto& each) { return each.id == id; });
    unsaved_.certificates.erase.push_back(id);
}

void local_issuer::save()
{
    const auto& [put, erase] = unsaved_.certificates;
    if (put.empty() && erase.empty()) return;
    if (records_->commit(unsaved_)) unsaved_ = {};
}

}  // namespace lintel::acme
