#include "acme/challenge_plan.hpp"

#include "acme/caa.hpp"
#include "base/log.hpp"

#include <algorithm>

namespace lintel::acme {

namespace {

using challenge_types = std::vector<challenge_type>;

class planning {
public:
    planning(attempt_tools with, const issuer& at, progress tell) : with_(with), at_(at), tell_(std::move(tell)) {}

    task<answer<challenge_plan>> run(std::vector<std::string> names, int turn)
    {
        for (const auto& name : names) {
            auto types = usable_challenges(at_, name, turn);
            if (types.empty()) {
                co_return failed(failure::kind::ours,
                                 "no challenge of issuers." + at_.name + " can prove " + name +
                                     (name.starts_with("*.") ? ": a wildcard needs dns-01, set dns" : ""));
            }
            auto seen = co_await tried(name, types);
            if (!seen) co_return std::unexpected(seen.error());
            plan_.challenges[name] = std::move(*seen);
        }
        if (auto allowed = co_await look_for_caa(std::move(names)); !allowed)
            co_return std::unexpected(allowed.error());
        co_return std::move(plan_);
    }

private:
    preflight_settings how() const
    {
        return {
            .resolvers = with_.resolvers, .http_port = with_.settings.http_port, .tls_port = with_.settings.tls_port};
    }

    task<answer<challenge_types>> tried(std::string name, challenge_types types)
    {
        auto by_net = types;
        std::erase(by_net, challenge_type::dns_01);
        if (with_.settings.preflight == preflight_mode::off || by_net.empty()) co_return types;
        tell_("looking whether " + name + " leads here");
        auto report = co_await look_ahead(with_.home, with_.fetcher, with_.board, how(), name, by_net);
        bool dns = by_net.size() < types.size();
        using verdict = preflight_report::verdict;
        if (report.what == verdict::works) {
            auto ordered = report.working;
            std::ranges::copy_if(types, std::back_inserter(ordered), [&](auto each) {
                return std::ranges::find(report.working, each) == report.working.end();
            });
            co_return ordered;
        }
        if (dns) co_return challenge_types{challenge_type::dns_01};
        bool blocked = report.what == verdict::wrong || with_.settings.preflight == preflight_mode::require;
        if (blocked) co_return failed(failure::kind::ours, name + ": " + report.why);
        log::warn("acme.preflight_silent", {{"name", name}, {"why", report.why}});
        plan_.doubts += (plan_.doubts.empty() ? "" : "; ") + report.why;
        co_return types;
    }

    /// Whatever proves a name, its CAA records bind the CA (RFC 8659 §3).
    task<answer<void>> look_for_caa(std::vector<std::string> names)
    {
        if (with_.settings.preflight == preflight_mode::off) co_return answer<void>{};
        auto where = co_await with_.at_cas.client_of(at_).look_up();
        if (!where) co_return std::unexpected(where.error());
        auto ca_names = where->caa_identities;
        for (const auto& name : names) {
            if (ca_names.empty() || net::address::of_ip(name, 0)) continue;
            auto why = co_await forbidding_record(with_.home, {with_.resolvers, ca_names, name}, how().limit);
            if (!why.empty()) co_return failed(failure::kind::ours, name + ": " + why);
        }
        co_return answer<void>{};
    }

    attempt_tools with_;
    const issuer& at_;
    progress tell_;
    challenge_plan plan_;
};

}  // namespace

task<answer<challenge_plan>> plan_challenges(attempt_tools with, const issuer& at, std::vector<std::string> names,
                                             int turn, progress tell)
{
    planning one(with, at, std::move(tell));
    co_return co_await one.run(std::move(names), turn);
}

}  // namespace lintel::acme
