#include "tls/policies.hpp"

#include "tls/option_set.hpp"

namespace lintel::tls {

namespace {

constexpr std::string_view default_id = "default";

}  // namespace

std::optional<problem> problem_with(const model::tls_options& options)
{
    option_set tried("", options);
    if (!tried.closed()) return {};
    return problem{options.source, tried.why_closed()};
}

policies::policies()
    : ours_(std::make_shared<option_set>(std::string(default_id), model::tls_options{})), default_(ours_)
{
}

policies::policies(const model::objects<model::tls_options>& sets, hosts by_host, const policies& previous)
    : by_host_(std::move(by_host)), ours_(previous.ours_), default_(ours_)
{
    for (const auto& [id, spec] : sets) {
        auto old = previous.sets_.find(id);
        bool same = old != previous.sets_.end() && old->second->spec() == spec;
        sets_[id] = same ? old->second : std::make_shared<option_set>(id, spec);
    }
    if (auto named = sets_.find(default_id); named != sets_.end()) default_ = named->second;
    for (const auto& [host, id] : by_host_) {
        auto& set = sets_[id];
        if (!set && id == default_id) set = default_;
        if (!set) set = option_set::missing(id);
    }
}

const policies::set_ptr* policies::set_of_host(std::string_view host) const
{
    auto found = by_host_.find(host);
    return found == by_host_.end() ? nullptr : &sets_.find(found->second)->second;
}

const policies::set_ptr& policies::for_name(std::string_view server_name) const
{
    if (by_host_.empty()) return default_;
    if (const auto* exact = set_of_host(server_name)) return *exact;
    auto dot = server_name.find('.');
    if (dot == server_name.npos) return default_;
    const auto* wildcard = set_of_host("*" + std::string(server_name.substr(dot)));
    return wildcard != nullptr ? *wildcard : default_;
}

const policies::set_ptr& policies::initial() const { return default_->closed() ? ours_ : default_; }

std::vector<policies::closed_set> policies::closed() const
{
    std::vector<closed_set> all;
    for (const auto& [id, set] : sets_) {
        if (set->closed()) all.push_back({id, set->why_closed()});
    }
    return all;
}

}  // namespace lintel::tls
