#include "acme/local_issuer.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "model/rule.hpp"
#include "tls/certificate.hpp"

#include <set>

namespace lintel::acme {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr auto renew_before_end = 30 * 24h;
constexpr auto kept_unwanted = 24h;
constexpr std::size_t remembered_rules = 50'000;

std::string file_name(std::string host)
{
    if (host.starts_with("*.")) host.replace(0, 1, "wildcard+");  // no name of a host has a plus
    std::ranges::replace(host, ':', '_');
    return host + ".pem";
}

bool is_covered(const std::string& host, const std::set<std::string, std::less<>>& names)
{
    if (names.contains(host)) return true;
    auto dot = host.find('.');
    return !host.starts_with("*") && dot != std::string::npos && names.contains("*" + host.substr(dot));
}

std::set<std::string> tls_names(const std::vector<model::entrypoint>& entrypoints)
{
    std::set<std::string> names;
    for (const auto& each : entrypoints) {
        if (each.tls) names.insert(each.name);
    }
    return names;
}

}  // namespace

checked<local_issuer> local_issuer::open(const fs::path& state)
{
    auto ca = tls::local_ca::open(state);
    if (!ca) return std::unexpected(ca.error());
    auto folder = state / "issued";
    if (auto made = file::make_folder(folder, 0700); !made) {
        return std::unexpected(problem{folder.string(), "can't make the folder: " + made.error().message()});
    }
    local_issuer issuer(std::move(*ca), folder);
    issuer.load(wall_clock::now());
    return issuer;
}

void local_issuer::provide(model::snapshot& desired, const std::vector<model::entrypoint>& entrypoints,
                           wall_clock::time_point now)
{
    auto encrypted = tls_names(entrypoints);
    std::set<std::string, std::less<>> present;
    for (const auto& [id, spec] : desired.certificates) present.insert(spec.names.begin(), spec.names.end());

    for (const auto& [id, router] : desired.routers) {
        bool speaks_tls =
            std::ranges::any_of(router.entrypoints, [&](const auto& each) { return encrypted.contains(each); });
        if (!speaks_tls) continue;
        for (const auto& host : hosts_of(router.rule)) {
            if (host != "*" && !is_covered(host, present)) want(host, now);
        }
    }
    for (const auto& [id, router] : desired.tcp_routers) {
        if (router.security != model::tcp_security::ended) continue;
        for (const auto& host : router.names) {
            if (host != "*" && !is_covered(host, present)) want(host, now);
        }
    }
    std::erase_if(by_host_, [&](const auto& each) {
        if (now - each.second.last_wanted < kept_unwanted) return false;
        std::error_code ignored;
        fs::remove(each.second.spec.chain_file, ignored);
        return true;
    });
    for (const auto& [host, each] : by_host_) desired.certificates.emplace(each.id, each.spec);
}

/// What earlier runs issued, as far as it is of this CA. Keys are parsed by the edge, when somebody needs one: of
/// thousands that would be seconds before the first route is known.
void local_issuer::load(wall_clock::time_point now)
{
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(folder_, failure)) {
        auto pem = file::read(entry.path());
        auto facts = pem ? tls::inspect_certificate(*pem) : std::unexpected(problem{});
        if (!facts || facts->names.size() != 1 || !tls::issued_by(*pem, ca_.certificate_pem())) continue;
        auto path = entry.path().string();
        auto host = facts->names.front();
        if (host.find(':') != std::string::npos) host = "[" + host + "]";
        model::certificate spec{{host}, *pem, *pem, path, path, true};
        by_host_.insert_or_assign(host, issued{facts->fingerprint, std::move(spec), facts->not_after, now});
    }
}

void local_issuer::want(const std::string& host, wall_clock::time_point now)
{
    auto known = by_host_.find(host);
    bool fresh = known != by_host_.end() && known->second.not_after - now > renew_before_end;
    if (!fresh) known = by_host_.insert_or_assign(host, make(host)).first;
    known->second.last_wanted = now;
}

local_issuer::issued local_issuer::make(const std::string& host)
{
    auto made = ca_.issue(host);
    auto pem = made.key_pem + made.chain_pem;
    auto facts = tls::inspect_certificate(pem, pem).value();
    auto path = (folder_ / file_name(host)).string();
    if (auto written = file::write_atomically(path, pem, 0600, file::durability::renamed); !written) {
        log::error("local_ca.not_saved", {{"file", path}, {"why", written.error().message()}});
    }
    log::info("local_ca.issued", {{"host", host}});
    return {facts.fingerprint, model::certificate{{host}, pem, pem, path, path, true}, facts.not_after, {}};
}

const std::vector<std::string>& local_issuer::hosts_of(const std::string& rule)
{
    if (hosts_by_rule_.size() > remembered_rules) hosts_by_rule_.clear();
    auto [known, added] = hosts_by_rule_.try_emplace(rule);
    if (added) {
        if (auto tree = model::parse_rule(rule)) known->second = model::hosts_of(*tree);
    }
    return known->second;
}

}  // namespace lintel::acme
