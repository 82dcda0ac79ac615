#include "discovery/settle.hpp"

#include <algorithm>
#include <unordered_map>

namespace lintel::discovery {

namespace {

struct holder {
    const contender* who;
    std::string_view entrypoint;
};

/// name → whose options hold for it, by whichever entrypoint a client comes
using owners = std::unordered_map<std::string_view, holder>;

const std::string& options_of(const contender& who)
{
    return who.http ? who.http->spec.tls_options : who.tcp->spec.tls_options;
}

bool ends_tls(const contender& who) { return who.http || who.tcp->spec.security == model::tcp_security::ended; }

std::string shown(const std::string& options) { return options.empty() ? "the default" : options; }

/// Its options go, too: they must not hold for others' names.
void close(const contender& who, std::string why)
{
    if (who.http) {
        auto& spec = who.http->spec;
        spec.refusal = std::move(why);
        spec.tls_options.clear();
        spec.service.clear();
        spec.canonical_host.clear();
        spec.redirect_to_https = false;
        spec.ask.clear();
    } else {
        who.tcp->spec.refusal = std::move(why);
        who.tcp->spec.service.clear();
        who.tcp->spec.tls_options.clear();
    }
}

/// A name of `who` for which others have other options; end() where it can have its own.
owners::const_iterator conflict(const owners& all, const contender& who)
{
    for (const auto& name : who.names()) {
        auto owner = all.find(name);
        if (owner != all.end() && options_of(*owner->second.who) != options_of(who)) return owner;
    }
    return all.end();
}

std::string said_of(const owners::value_type& owner, const contender& who)
{
    const auto& [name, holds] = owner;
    return "its TLS options are " + shown(options_of(who)) + ", but those of " + std::string(name) + " on " +
           std::string(holds.entrypoint) + " are " + shown(options_of(*holds.who)) + " by " + holds.who->shown() +
           ", which had them first; all routers of a host have the same";
}

}  // namespace

void settle_handshakes(const std::vector<contender>& all, const entrypoint_names& entrypoints,
                       std::vector<problem>& problems)
{
    owners known;
    for (const auto& each : all) {
        if (!ends_tls(each)) continue;
        auto encrypted = std::ranges::find_if(
            each.entrypoints(), [&](const auto& entrypoint) { return each.tcp || entrypoints.is_tls(entrypoint); });
        if (encrypted == each.entrypoints().end()) continue;
        if (auto other = conflict(known, each); other != known.end()) {
            auto why = said_of(*other, each);
            problems.push_back({each.where(), why + "; this router is closed"});
            close(each, std::move(why));
            continue;
        }
        for (const auto& name : each.names()) known.try_emplace(name, holder{&each, *encrypted});
    }
}

}  // namespace lintel::discovery
