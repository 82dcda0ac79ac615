#include "acme/resources.hpp"

#include "acme/json_reader.hpp"
#include "acme/timestamp.hpp"
#include "base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace lintel::acme {

namespace {

using nlohmann::json;
using enum presence;

json parse(std::string_view text) { return json::parse(text, nullptr, false); }

template <class T>
readable<T> unless(complaint& wrong, T&& what)
{
    if (wrong) return std::unexpected(std::move(*wrong));
    return std::forward<T>(what);
}

template <class Status, std::size_t Count>
Status status_of(json_reader& from, const std::array<std::pair<std::string_view, Status>, Count>& known)
{
    auto word = from.text("status", needed);
    auto found = std::ranges::find(known, word, &std::pair<std::string_view, Status>::first);
    if (found != known.end()) return found->second;
    from.complain("has the unknown status \"" + text::printable(word) + '"');
    return {};
}

constexpr std::array<std::pair<std::string_view, order_status>, 5> order_statuses{
    {{"pending", order_status::pending},
     {"ready", order_status::ready},
     {"processing", order_status::processing},
     {"valid", order_status::valid},
     {"invalid", order_status::invalid}}};

constexpr std::array<std::pair<std::string_view, check_status>, 7> check_statuses{
    {{"pending", check_status::pending},
     {"processing", check_status::processing},
     {"valid", check_status::valid},
     {"invalid", check_status::invalid},
     {"deactivated", check_status::deactivated},
     {"expired", check_status::expired},
     {"revoked", check_status::revoked}}};

/// An identifier's value (RFC 8555 §9.7.7, RFC 8738 §3).
std::string name_of(json_reader& identifier, bool* is_address = nullptr)
{
    auto type = identifier.text("type", needed);
    if (type != "dns" && type != "ip") identifier.complain("has the unknown type \"" + text::printable(type) + '"');
    if (is_address != nullptr) *is_address = type == "ip";
    return identifier.text("value", needed);
}

std::optional<failure> error_of(json_reader& from)
{
    const auto* error = from.object("error", optional);
    if (error == nullptr) return {};
    if (auto what = read_problem(*error)) return what;
    return failure{failure::kind::refused, 0, "", "the CA says that it failed, but not why", {}};
}

/// Tokens go into paths, names and file names of ours: base64url and nothing else (RFC 8555 §8.1).
bool is_token(std::string_view text)
{
    return text.size() <= 256 &&
           std::ranges::all_of(text, [](char c) { return text::is_alnum(c) || c == '-' || c == '_'; });
}

offered_challenge read_challenge(json_reader& from, const url_rule& urls)
{
    offered_challenge challenge;
    challenge.type = from.text("type", needed);
    challenge.url = from.url("url", urls, needed);
    challenge.token = from.text("token", optional);
    if (!is_token(challenge.token)) from.complain("has a token that is not base64url");
    challenge.status = status_of(from, check_statuses);
    challenge.error = error_of(from);
    return challenge;
}

std::map<std::string, std::string> read_profiles(const json* profiles)
{
    std::map<std::string, std::string> all;
    if (profiles == nullptr) return all;
    for (const auto& [name, description] : profiles->items()) {
        all[name] = description.is_string() ? description.get<std::string>() : std::string();
    }
    return all;
}

}  // namespace

readable<directory> read_directory(std::string_view text, const url_rule& urls)
{
    auto whole = parse(text);
    complaint wrong;
    json_reader from(whole, "the CA's directory", wrong);
    directory found;
    found.new_nonce = from.url("newNonce", urls, needed);
    found.new_account = from.url("newAccount", urls, needed);
    found.new_order = from.url("newOrder", urls, needed);
    found.revoke_certificate = from.url("revokeCert", urls, optional);
    found.key_change = from.url("keyChange", urls, optional);
    found.renewal_info = from.url("renewalInfo", urls, optional);
    if (const auto* meta = from.object("meta", optional)) {
        json_reader inner(*meta, "the directory's \"meta\"", wrong);
        found.terms_of_service = inner.text("termsOfService", optional);
        found.external_account_required = inner.flag("externalAccountRequired");
        found.caa_identities = inner.texts("caaIdentities");
        found.profiles = read_profiles(inner.object("profiles", optional));
    }
    return unless(wrong, std::move(found));
}

readable<order> read_order(std::string_view text, const url_rule& urls)
{
    auto whole = parse(text);
    complaint wrong;
    json_reader from(whole, "the order", wrong);
    order found;
    found.status = status_of(from, order_statuses);
    from.objects("identifiers", "the order's identifier", needed,
                 [&](json_reader& each) { found.names.push_back(name_of(each)); });
    found.authorizations = from.urls("authorizations", urls, needed);
    found.finalize = from.url("finalize", urls, needed);
    found.certificate = from.url("certificate", urls, optional);
    found.error = error_of(from);
    if (found.status == order_status::valid && found.certificate.empty())
        from.complain("is valid, but has no \"certificate\"");
    return unless(wrong, std::move(found));
}

readable<authorization> read_authorization(std::string_view text, const url_rule& urls)
{
    auto whole = parse(text);
    complaint wrong;
    json_reader from(whole, "the authorization", wrong);
    authorization found;
    found.status = status_of(from, check_statuses);
    if (const auto* identifier = from.object("identifier", needed)) {
        json_reader inner(*identifier, "the authorization's identifier", wrong);
        found.name = name_of(inner, &found.is_address);
    }
    found.wildcard = from.flag("wildcard");
    from.objects("challenges", "the challenge", needed,
                 [&](json_reader& each) { found.challenges.push_back(read_challenge(each, urls)); });
    return unless(wrong, std::move(found));
}

readable<renewal_window> read_renewal_window(std::string_view text)
{
    auto whole = parse(text);
    complaint wrong;
    json_reader from(whole, "the renewal information", wrong);
    renewal_window found;
    if (const auto* window = from.object("suggestedWindow", needed)) {
        json_reader inner(*window, "the suggested window", wrong);
        auto start = parse_timestamp(inner.text("start", needed)), end = parse_timestamp(inner.text("end", needed));
        if (!start || !end) inner.complain("has a time that is not RFC 3339's");
        if (start && end && *end <= *start) inner.complain("ends before it starts");
        found.start = start.value_or(found.start);
        found.end = end.value_or(found.end);
    }
    found.explanation_url = from.text("explanationURL", optional);
    return unless(wrong, std::move(found));
}

readable<account_facts> read_account(std::string_view text, const url_rule& urls)
{
    auto whole = parse(text);
    complaint wrong;
    json_reader from(whole, "the account", wrong);
    account_facts found;
    found.status = from.text("status", needed);
    found.is_valid = found.status == "valid";
    if (!found.is_valid && found.status != "deactivated" && found.status != "revoked")
        from.complain("has the unknown status \"" + text::printable(found.status) + '"');
    found.orders = from.url("orders", urls, optional);
    return unless(wrong, std::move(found));
}

readable<std::vector<std::string>> read_orders_page(std::string_view text, const url_rule& urls)
{
    auto whole = parse(text);
    complaint wrong;
    json_reader from(whole, "the list of orders", wrong);
    return unless(wrong, from.urls("orders", urls, needed));
}

}  // namespace lintel::acme
