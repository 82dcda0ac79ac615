// What we say to a CA, of acme/resources.hpp.

#include "acme/resources.hpp"
#include "net/address.hpp"

#include <nlohmann/json.hpp>

namespace lintel::acme {

using nlohmann::json;

namespace {

/// Whatever an owner typed: bytes that are not UTF-8 become U+FFFD, and the CA says what it thinks of them.
std::string written(const json& what) { return what.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

std::string write_new_account(const new_account& what)
{
    auto out = json::object();
    if (!what.contact.empty()) out["contact"] = what.contact;
    if (what.terms_agreed) out["termsOfServiceAgreed"] = true;
    if (what.only_existing) out["onlyReturnExisting"] = true;
    if (!what.external_binding.empty())
        out["externalAccountBinding"] = json::parse(what.external_binding, nullptr, false);
    return written(out);
}

std::string write_new_order(const new_order& what)
{
    auto out = json::object();
    for (const auto& name : what.names) {
        auto address = net::address::of_ip(name, 0);
        // RFC 8738 §3 wants RFC 5952's form of IPv6, which is what comes back as text.
        out["identifiers"].push_back({{"type", address ? "ip" : "dns"}, {"value", address ? address->ip() : name}});
    }
    if (!what.profile.empty()) out["profile"] = what.profile;
    if (!what.replaces.empty()) out["replaces"] = what.replaces;
    return written(out);
}

std::string write_contact(const std::vector<std::string>& contact) { return written(json{{"contact", contact}}); }

std::string write_finalize(std::string_view csr_der) { return json{{"csr", base64url(csr_der)}}.dump(); }

std::string write_revocation(std::string_view leaf, int reason)
{
    return json{{"certificate", leaf}, {"reason", reason}}.dump();
}

}  // namespace lintel::acme
