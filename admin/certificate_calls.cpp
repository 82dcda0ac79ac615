#include "admin/certificate_calls.hpp"

#include <nlohmann/json.hpp>

namespace lintel::admin {

using json = nlohmann::json;

namespace {

call_answer refused(int status, std::string why) { return {status, "", std::move(why)}; }
call_answer done(const json& what)
{
    return {200, what.dump(2, ' ', false, json::error_handler_t::replace) + "\n", ""};
}

std::string member(const json& body, const char* name)
{
    auto found = body.find(name);
    return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string sentence_of(const problem& what) { return what.where + ": " + what.what; }

call_answer renew(acme::certificates& all, const std::string& name)
{
    if (name.empty()) return refused(400, "name is missing: the host whose certificate is to be renewed");
    auto begun = all.orders().renew(name);
    if (!begun) return refused(409, sentence_of(begun.error()));
    return done({{"renewing", name}});
}

/// By id, or by name where only one certificate of a CA has it.
std::string id_for(const acme::certificates& all, const std::string& id_or_name)
{
    std::string found;
    for (const auto& [id, each] : all.records().certificates) {
        if (id == id_or_name) return id;
        bool named = std::ranges::find(each.names, id_or_name) != each.names.end();
        if (!named || each.issuer == acme::local_issuer_name) continue;
        if (!found.empty()) return "";
        found = id;
    }
    return found;
}

task<call_answer> revoke(acme::certificates& all, std::string which, int reason)
{
    auto id = id_for(all, which);
    if (id.empty())
        co_return refused(
            404, "no certificate, or more than one, is called " + which + "; lintel cert list names their ids");
    auto revoked = co_await all.orders().revoke(id, reason);
    if (!revoked) co_return refused(502, sentence_of(revoked.error()));
    co_return done({{"revoked", id}});
}

call_answer import(acme::certificates& all, const std::string& path)
{
    if (!path.starts_with('/')) return refused(400, "path is missing, or not absolute");
    auto got = all.import(path);
    if (!got) return refused(422, sentence_of(got.error()));
    json problems = json::array();
    for (const auto& each : got->problems) problems.push_back({{"where", each.where}, {"what", each.what}});
    return done({{"imported", got->count}, {"problems", problems}});
}

task<call_answer> change_account(acme::certificates& all, std::string issuer, bool deactivate)
{
    const auto& known = all.settings().issuers;
    auto whose = known.find(issuer);
    if (whose == known.end()) co_return refused(404, "there is no issuer " + issuer + " in lintel.yaml");
    auto& accounts = all.orders().at_cas();
    auto changed =
        deactivate ? co_await accounts.deactivate(whose->second) : co_await accounts.change_key(whose->second);
    if (!changed) co_return refused(502, issuer + ": " + acme::sentence_of(changed.error()));
    co_return done({{deactivate ? "deactivated" : "rotated", issuer}});
}

}  // namespace

task<call_answer> call_certificates(acme::certificates& all, std::string path, std::string text)
{
    auto body = json::parse(text.empty() ? "{}" : text, nullptr, false);
    if (!body.is_object()) co_return refused(400, "the body is a JSON object");
    if (path == "/certificates/renew") co_return renew(all, member(body, "name"));
    if (path == "/certificates/import") co_return import(all, member(body, "path"));
    if (path == "/accounts/rotate-key") co_return co_await change_account(all, member(body, "issuer"), false);
    if (path == "/accounts/deactivate") co_return co_await change_account(all, member(body, "issuer"), true);
    if (path != "/certificates/revoke") co_return refused(404, "nothing can be told to " + path);
    auto given = body.find("reason");
    bool number = given != body.end() && given->is_number_unsigned();
    if (given != body.end() && (!number || given->get<unsigned>() > 10))
        co_return refused(400, "reason is one of RFC 5280 5.3.1, a number from 0 to 10");
    co_return co_await revoke(all, member(body, "id"), number ? static_cast<int>(given->get<unsigned>()) : 0);
}

}  // namespace lintel::admin
