#include "discovery/settle.hpp"

#include <unordered_map>

namespace lintel::discovery {

namespace {

/// (entrypoint, name) → whose options hold there
using owners = std::unordered_map<text_pair, const contender*, text_pair_hash>;

const std::string& options_of(const contender& who)
{
    return who.http ? who.http->spec.tls_options : who.tcp->spec.tls_options;
}

bool ends_tls(const contender& who) { return who.http || who.tcp->spec.security == model::tcp_security::ended; }

std::string shown(const std::string& options) { return options.empty() ? "the default" : options; }

void close(const contender& who, std::string why)
{
    if (who.http) {
        auto& spec = who.http->spec;
        spec.refusal = std::move(why);
        spec.service.clear();
        spec.canonical_host.clear();
        spec.redirect_to_https = false;
    } else {
        who.tcp->spec.refusal = std::move(why);
        who.tcp->spec.service.clear();
    }
}

/// Why `who` can't have its options; empty where it can.
std::string conflict(const owners& all, const contender& who, const std::vector<std::string>& entrypoints)
{
    for (const auto& entrypoint : entrypoints) {
        for (const auto& name : who.names()) {
            auto owner = all.find({entrypoint, name});
            if (owner == all.end() || options_of(*owner->second) == options_of(who)) continue;
            return "its TLS options are " + shown(options_of(who)) + ", but those of " + name + " on " + entrypoint +
                   " are " + shown(options_of(*owner->second)) + " by " + owner->second->shown() +
                   ", which had them first; all routers of a host have the same";
        }
    }
    return "";
}

}  // namespace

void settle_handshakes(const std::vector<contender>& all, const entrypoint_names& entrypoints,
                       std::vector<problem>& problems)
{
    owners known;
    for (const auto& each : all) {
        if (!ends_tls(each)) continue;
        std::vector<std::string> encrypted;
        for (const auto& entrypoint : each.entrypoints()) {
            if (each.tcp || entrypoints.is_tls(entrypoint)) encrypted.push_back(entrypoint);
        }
        auto why = conflict(known, each, encrypted);
        if (!why.empty()) {
            problems.push_back({each.where(), why + "; this router is closed"});
            close(each, std::move(why));
            continue;
        }
        for (const auto& entrypoint : each.entrypoints()) {
            if (!each.tcp && !entrypoints.is_tls(entrypoint)) continue;
            for (const auto& name : each.names()) known.try_emplace(text_pair(entrypoint, name), &each);
        }
    }
}

}  // namespace lintel::discovery
