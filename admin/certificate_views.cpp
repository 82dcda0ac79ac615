#include "admin/certificate_views.hpp"

#include "acme/renewal.hpp"
#include "tls/certificate.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace lintel::admin {

using json = nlohmann::json;

namespace {

std::string text_of(const json& value) { return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n"; }

/// RFC 3339, in UTC and whole seconds; null for none.
json time_of(wall_clock::time_point when)
{
    if (when == wall_clock::time_point{} || when == wall_clock::time_point::max()) return nullptr;
    auto seconds = wall_clock::to_time_t(when);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return std::string(text, length);
}

json entry_of(const store::certificate_record& each)
{
    json entry{{"id", each.id},
               {"names", each.names},
               {"issuer", each.issuer},
               {"not_before", time_of(each.not_before)},
               {"not_after", time_of(each.not_after)}};
    if (each.issuer == acme::local_issuer_name) return entry;
    entry["renew_at"] = time_of(acme::renewal_time(each));
    if (!each.profile.empty()) entry["profile"] = each.profile;
    if (each.window_start != wall_clock::time_point{})
        entry["renewal_window"] = {time_of(each.window_start), time_of(each.window_end)};
    return entry;
}

json entry_of(const acme::manager::state& each)
{
    json entry{{"names", each.names}, {"issuers", each.issuers}, {"state", each.what}};
    if (!each.why.empty()) entry["why"] = each.why;
    if (each.next_try != wall_clock::time_point{}) entry["next_try"] = time_of(each.next_try);
    if (each.certificate != nullptr) entry["certificate"] = each.certificate->id;
    return entry;
}

bool concerns(const std::vector<std::string>& names, const std::string& name)
{
    return std::ranges::any_of(names, [&](const auto& each) { return each == name || tls::covers(each, name); });
}

}  // namespace

std::string certificates_json(const acme::certificates& all)
{
    json body{{"wants", json::array()},
              {"certificates", json::array()},
              {"accounts", json::array()},
              {"orders", json::array()}};
    for (const auto& each : all.orders().states()) body["wants"].push_back(entry_of(each));
    for (const auto& [id, each] : all.records().certificates) body["certificates"].push_back(entry_of(each));
    for (const auto& [directory, each] : all.records().accounts) {
        body["accounts"].push_back({{"directory", directory}, {"url", each.url}, {"contact", each.contact}});
    }
    for (const auto& [id, each] : all.records().orders) {
        body["orders"].push_back(
            {{"issuer", each.issuer}, {"names", each.names}, {"url", each.url}, {"created", time_of(each.created)}});
    }
    return text_of(body);
}

std::string certificate_json(const acme::certificates& all, const std::string& name)
{
    json body{{"wants", json::array()}, {"certificates", json::array()}};
    for (const auto& each : all.orders().states()) {
        if (concerns(each.names, name)) body["wants"].push_back(entry_of(each));
    }
    for (const auto& [id, each] : all.records().certificates) {
        if (id != name && !concerns(each.names, name)) continue;
        auto entry = entry_of(each);
        entry["chain_pem"] = each.chain_pem;
        body["certificates"].push_back(std::move(entry));
    }
    return text_of(body);
}

}  // namespace lintel::admin
