#include "tls/challenge_certificates.hpp"

#include "tls/option_set.hpp"
#include "tls/served_certificate.hpp"
#include "tls/server_name.hpp"

namespace lintel::tls {

namespace {

/// Ours, but for the one protocol. No client certificate is asked for: a CA has none.
std::shared_ptr<const option_set> made_terms()
{
    model::tls_options spec;
    spec.protocols = {std::string(challenge_protocol)};
    return std::make_shared<option_set>(std::string(challenge_protocol), std::move(spec));
}

}  // namespace

challenge_certificates::challenge_certificates(const model::objects<model::challenge>& all,
                                               const challenge_certificates& previous)
    : terms_(previous.terms_)
{
    for (const auto& [id, spec] : all) {
        auto name = normal_server_name(spec.name);
        if (spec.kind != model::challenge_kind::tls_alpn_01 || name.empty()) continue;
        const auto* known = previous.find(name);
        bool stays = known != nullptr && known->front().certificate->made_of(spec.chain_pem, spec.key_pem);
        auto pair =
            stays ? known->front().certificate : std::make_shared<served_certificate>(spec.chain_pem, spec.key_pem);
        by_name_[name] = {{std::move(pair), id}};
    }
    if (!terms_ && !by_name_.empty()) terms_ = made_terms();
}

const certificate_store::candidates* challenge_certificates::find(std::string_view server_name) const
{
    auto found = by_name_.find(server_name);
    return found == by_name_.end() ? nullptr : &found->second;
}

}  // namespace lintel::tls
