#include "app/cert_commands.hpp"

#include "app/admin_call.hpp"
#include "app/exit_status.hpp"
#include "app/tables.hpp"
#include "base/file.hpp"
#include "store/sqlite_records.hpp"
#include "tls/certificate.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>

namespace lintel::app {

namespace fs = std::filesystem;
using json = nlohmann::json;

namespace {

constexpr std::array<std::pair<const char*, int>, 5> reasons{{{"unspecified", 0},
                                                              {"keyCompromise", 1},
                                                              {"affiliationChanged", 3},
                                                              {"superseded", 4},
                                                              {"cessationOfOperation", 5}}};

int say(const std::optional<http::fetch_response>& got, std::string_view path, output how)
{
    if (!got) return exit_status::no_daemon;
    if (got->status != 200) {
        std::cerr << "lintel: " << detail_of(got->body) << "\n";
        return exit_status::failure;
    }
    std::cout << (how == output::json ? got->body : table_of(path, got->body));
    return exit_status::success;
}

/// Tells control to do something; prints `done` when it did.
int tell(const std::string& state, const std::string& path, const json& body, const std::string& done)
{
    auto got = call_admin(state, path, "POST", body.dump());
    if (!got) return exit_status::no_daemon;
    if (got->status != 200) {
        std::cerr << "lintel: " << detail_of(got->body) << "\n";
        return exit_status::failure;
    }
    std::cout << done;
    return exit_status::success;
}

/// The one that lasts longest, of those that name or cover `name`; those of CAs before the local one's.
const store::certificate_record* best_of(const store::contents& all, const std::string& name)
{
    const store::certificate_record* best = nullptr;
    for (const auto& [id, each] : all.certificates) {
        bool named = id == name || std::ranges::any_of(each.names, [&](const auto& one) {
                         return one == name || tls::covers(one, name);
                     });
        if (!named) continue;
        bool local = each.issuer == "local";
        bool better = best == nullptr || (best->issuer == "local" && !local) ||
                      ((best->issuer == "local") == local && each.not_after > best->not_after);
        if (better) best = &each;
    }
    return best;
}

std::string file_name_of(std::string name)
{
    std::ranges::replace(name, '*', '_');
    std::ranges::replace(name, '/', '_');
    return name;
}

bool write_or_say(const fs::path& path, std::string_view text, mode_t mode)
{
    auto written = file::write_atomically(path, text, mode);
    if (!written) std::cerr << "lintel: " << path.string() << ": " << written.error().message() << "\n";
    return written.has_value();
}

}  // namespace

int list_certificates(const std::string& state, output how)
{
    return say(call_admin(state, "/certificates"), "/certificates", how);
}

int show_certificate(const std::string& state, const std::string& name, output how)
{
    return say(call_admin(state, "/certificates/" + name), "/certificates/show", how);
}

int explain_certificate(const std::string& state, const std::string& name, output how)
{
    return say(call_admin(state, "/certificates/" + name), "/certificates/explain", how);
}

int renew_certificate(const std::string& state, const std::string& name)
{
    return tell(state, "/certificates/renew", {{"name", name}},
                "It is being renewed; lintel cert explain " + name + " says how it goes.\n");
}

int import_certificates(const std::string& state, const std::string& path)
{
    std::error_code ignored;
    auto whole = fs::absolute(path, ignored).lexically_normal().string();
    auto got = call_admin(state, "/certificates/import", "POST", json{{"path", whole}}.dump());
    if (!got) return exit_status::no_daemon;
    if (got->status != 200) {
        std::cerr << "lintel: " << detail_of(got->body) << "\n";
        return exit_status::failure;
    }
    auto body = json::parse(got->body);
    auto count = body.at("imported").get<std::size_t>();
    if (count > 0) std::cout << "imported " << count << (count == 1 ? " certificate\n" : " certificates\n");
    if (count == 0)
        std::cout << "nothing was imported: " << whole << " holds no certificate that is not here already\n";
    for (const auto& each : body.at("problems")) {
        std::cerr << each.at("where").get<std::string>() << ": " << each.at("what").get<std::string>() << "\n";
    }
    return body.at("problems").empty() ? exit_status::success : exit_status::failure;
}

int export_certificate(const std::string& state, const std::string& name, const std::string& folder)
{
    auto records = store::open_records(state);
    auto all = records ? (*records)->load() : std::unexpected(records.error());
    if (!all) {
        std::cerr << "lintel: " << all.error().where << ": " << all.error().what << "\n";
        return exit_status::failure;
    }
    const auto* found = best_of(*all, name);
    if (found == nullptr) {
        std::cerr << "lintel: there is no certificate for " << name << "; lintel cert list names those that are kept\n";
        return exit_status::failure;
    }
    if (folder == "-") {
        std::cout << found->key_pem << found->chain_pem;
        return exit_status::success;
    }
    auto base = fs::path(folder) / file_name_of(name);
    bool written = write_or_say(base.string() + "-key.pem", found->key_pem, 0600) &&
                   write_or_say(base.string() + ".pem", found->chain_pem, 0644);
    if (!written) return exit_status::failure;
    std::cout << base.string() << ".pem\n" << base.string() << "-key.pem\n";
    return exit_status::success;
}

int revoke_certificate(const std::string& state, const std::string& name, const std::string& reason)
{
    auto known = std::ranges::find(reasons, reason, [](const auto& each) { return std::string_view(each.first); });
    auto number = known == reasons.end() ? 0 : known->second;
    return tell(state, "/certificates/revoke", {{"id", name}, {"reason", number}},
                "It is revoked, and forgotten here.\n");
}

int rotate_account_key(const std::string& state, const std::string& issuer)
{
    return tell(state, "/accounts/rotate-key", {{"issuer", issuer}}, "The account has a new key.\n");
}

int deactivate_account(const std::string& state, const std::string& issuer)
{
    return tell(state, "/accounts/deactivate", {{"issuer", issuer}},
                "The account is closed; a new one is made when a certificate is next ordered there.\n");
}

std::vector<std::string> revocation_reasons()
{
    std::vector<std::string> words;
    for (const auto& [word, number] : reasons) words.emplace_back(word);
    return words;
}

}  // namespace lintel::app
