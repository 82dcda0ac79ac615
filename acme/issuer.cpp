#include "acme/issuer.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace lintel::acme {

namespace {

issuer known(const char* name, const char* directory)
{
    issuer made;
    made.name = name;
    made.directory = directory;
    return made;
}

/// ZeroSSL and Google take accounts only from those whom they know already (RFC 8555 §7.3.4).
bool lacks_account(const issuer& which)
{
    if (which.binding || (which.name != "zerossl" && which.name != "google")) return false;
    return built_in_issuers().at(which.name).directory == which.directory;
}

class reference_check {
public:
    explicit reference_check(const certificate_settings& settings) : issuers_(settings.issuers)
    {
        for (const auto& [name, each] : issuers_) names_.push_back(name);
    }

    void check(const std::string& where, const std::vector<std::string>& wanted)
    {
        for (const auto& name : wanted) {
            if (name == "local") continue;  // the local CA's certificates are always there
            auto found = issuers_.find(name);
            if (found == issuers_.end())
                report_unknown(where, name);
            else if (lacks_account(found->second))
                problems_.push_back({where, "the issuer " + name + " needs an account of its own: write issuers." +
                                                name + ".eab with the kid and hmac that you have from it"});
        }
    }

    std::vector<problem> take() { return std::move(problems_); }

private:
    void report_unknown(const std::string& where, const std::string& name)
    {
        auto near = text::nearest(name, names_);
        auto hint = near.empty() ? "known are " + text::join(names_, ", ") : "did you mean " + near + '?';
        problems_.push_back({where, "there is no issuer " + text::printable(name, 80) + "; " + hint});
    }

    const std::map<std::string, issuer>& issuers_;
    std::vector<std::string> names_;
    std::vector<problem> problems_;
};

}  // namespace

std::map<std::string, issuer> built_in_issuers()
{
    auto production = known("letsencrypt", "https://acme-v02.api.letsencrypt.org/directory");
    auto staging = known("letsencrypt-staging", "https://acme-staging-v02.api.letsencrypt.org/directory");
    production.staging = staging.name;
    staging.limits = {1500, 30'000, 30'000, 200};  // meant for rehearsals
    std::map<std::string, issuer> all;
    for (auto& each : {production, staging, known("zerossl", "https://acme.zerossl.com/v2/DV90"),
                       known("google", "https://dv.acme-v02.api.pki.goog/directory")})
        all.emplace(each.name, each);
    return all;
}

std::vector<problem> problems_with(const certificate_settings& settings)
{
    reference_check references(settings);
    references.check("default_issuers", settings.default_issuers);
    for (const auto& [name, issuers] : settings.resolvers) references.check("resolvers." + name, issuers);
    for (const auto& [host, issuers] : settings.hosts) references.check("host_issuers." + host, issuers);
    return references.take();
}

}  // namespace lintel::acme
