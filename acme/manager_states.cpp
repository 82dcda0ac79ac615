// What the manager tells of its wants.

#include "acme/manager.hpp"
#include "acme/setbacks.hpp"

#include "model/handshake_policies.hpp"

#include <algorithm>

namespace lintel::acme {

const acme::want* manager::want_for(const std::string& host) const
{
    auto key = want_of_host_.find(certificate_name(host));
    if (key == want_of_host_.end()) key = want_of_host_.find(model::wildcard_over(host));
    return key == want_of_host_.end() ? nullptr : &wants_.find(key->second)->second;
}

manager::state manager::state_of(const acme::want& which, wall_clock::time_point now) const
{
    state made{.names = which.names, .issuers = which.issuers, .what = {}, .why = {}, .next_try = {}};
    made.certificate = holdings_.best_for(which.names);
    auto how = look_at(which, now);
    auto under_way = doing_.find(key_of(which.names));
    if (under_way != doing_.end()) {
        made.what = "ordering";
        made.why = under_way->second;
    } else if (how == outlook::satisfied) {
        bool ours = made.certificate != nullptr || unkept_.contains(key_of(which.names));
        made.what = ours ? "valid" : "file";
    } else {
        made.what = how == outlook::hopeless ? "local" : made.certificate != nullptr ? "due" : "waiting";
    }
    if (how == outlook::open && under_way == doing_.end()) made.next_try = next_chance(which, now);
    for (const auto* whose : issuers_of(which)) {
        if (how == outlook::satisfied) break;
        auto why = why_not(*whose, which);
        if (const auto* hold = hold_on(with_.records, *whose, which.names, now)) why = whose->name + ": " + hold->why;
        if (const auto* known = setback_of(with_.records, *whose, which.names)) why = whose->name + ": " + known->why;
        if (!why.empty() && !made.why.contains(why)) made.why += (made.why.empty() ? "" : "; ") + why;
    }
    return made;
}

std::vector<manager::state> manager::states() const
{
    auto now = wall_clock::now();
    std::vector<state> all;
    for (const auto& [key, which] : wants_) all.push_back(state_of(which, now));
    return all;
}

std::string manager::waits_for(const std::string& host) const
{
    const auto* which = want_for(host);
    if (which == nullptr || holdings_.best_for(which->names) != nullptr) return "";
    auto now = wall_clock::now();
    if (look_at(*which, now) != outlook::open) return "";
    auto how = state_of(*which, now);
    return "the certificate of " + host + " is not there yet" + (how.why.empty() ? "" : " (" + how.why + ")");
}

std::vector<problem> manager::problems() const
{
    std::vector<problem> all;
    auto now = wall_clock::now();
    if (!with_.records.trouble().empty()) all.push_back({"certificates", with_.records.trouble()});
    std::map<std::string, std::vector<std::string>> unaccepted;
    for (const auto& [key, which] : wants_) {
        auto how = state_of(which, now);
        if (how.what == "valid" || how.what == "file" || how.why.empty() || how.what == "ordering") continue;
        // A private name that no issuer has is as it should be; one that only waits for a word of the owner's isn't.
        bool public_name =
            std::ranges::any_of(which.names, [](const auto& each) { return why_not_public(each).empty(); });
        bool has_issuer =
            std::ranges::any_of(issuers_of(which), [&](const auto* each) { return why_not_its(*each, which).empty(); });
        if (how.what == "local") {
            if (public_name || has_issuer) unaccepted[how.why].push_back(key);
        } else {
            all.push_back({"certificate of " + key, how.why});
        }
    }
    for (const auto& [why, keys] : unaccepted) {
        auto more = keys.size() > 1 ? " and " + std::to_string(keys.size() - 1) + " more" : "";
        all.push_back({"certificate of " + keys.front() + more, why});
    }
    return all;
}

}  // namespace lintel::acme
