#include "proxy/routing/http_challenges.hpp"

namespace lintel::proxy {

http_challenges::http_challenges(const model::objects<model::challenge>& all)
{
    for (const auto& [id, spec] : all) {
        bool is_ours = spec.kind == model::challenge_kind::http_01 && !spec.token.empty();
        if (is_ours) by_token_.insert_or_assign(spec.token, spec.key_authorization);
    }
}

const std::string* http_challenges::answer_to(const http::request_head& request) const
{
    constexpr std::string_view folder = "/.well-known/acme-challenge/";
    if (!request.path.starts_with(folder) || !(request.is("GET") || request.is("HEAD"))) return nullptr;
    auto found = by_token_.find(request.path.substr(folder.size()));
    return found == by_token_.end() ? nullptr : &found->second;
}

}  // namespace lintel::proxy
