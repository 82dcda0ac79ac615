#include "proxy/upstream/security.hpp"

namespace lintel::proxy {

upstream_security::upstream_security(const model::transport& how, std::size_t workers)
{
    using protocols = std::vector<std::string>;
    while (clients_.size() < workers + 1) {
        clients_.push_back(std::make_unique<tls::client>(how, protocols{"http/1.1"}));
        if (how.http2) with_http2_.push_back(std::make_unique<tls::client>(how, protocols{"h2", "http/1.1"}));
    }
}

std::optional<problem> security_registry::take(const std::string& id, const model::transport& how)
{
    auto wrong = tls::problem_with(how);
    if (wrong)
        known_.insert_or_assign(id, std::unexpected("the transport " + id + " can't be used: " + wrong->what));
    else
        known_.insert_or_assign(id, std::make_shared<const upstream_security>(how, workers_));
    return wrong;
}

std::expected<security_ptr, std::string> security_registry::find(const std::string& id)
{
    if (id.empty()) {
        if (!standard_) standard_ = std::make_shared<const upstream_security>(model::transport{}, workers_);
        return standard_;
    }
    auto found = known_.find(id);
    if (found == known_.end()) return std::unexpected("the transport " + id + " does not exist");
    return found->second;
}

}  // namespace lintel::proxy
