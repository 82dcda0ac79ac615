#include "acme/import.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "tls/certificate.hpp"
#include "tls/openssl_ptr.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace lintel::acme {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

int no_pass_phrase(char*, int, int, void*) { return -1; }

/// PKCS #1 and SEC 1 keys as PKCS #8; anything else as it came, for others to judge.
std::string as_pkcs8(std::string pem)
{
    // Go writes PKCS #8 under this label, which OpenSSL doesn't know.
    constexpr std::string_view odd = "ED25519 PRIVATE KEY";
    for (auto at = pem.find(odd); at != std::string::npos; at = pem.find(odd))
        pem.replace(at, odd.size(), "PRIVATE KEY");

    tls::bio_ptr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))), out(BIO_new(BIO_s_mem()));
    tls::key_ptr key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_pass_phrase, nullptr));
    bool written =
        key && PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
    ERR_clear_error();
    if (!written) return pem;
    char* text = nullptr;
    auto size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

/// Gathers what an import finds.
class collection {
public:
    explicit collection(wall_clock::time_point now) : now_(now) {}

    void leave_out(std::string where, std::string what)
    {
        found_.problems.push_back({std::move(where), std::move(what)});
    }

    /// `where` and `whose` name the pair in a problem.
    void add(const std::string& where, const std::string& whose, std::string chain_pem, std::string key_pem)
    {
        key_pem = as_pkcs8(std::move(key_pem));
        auto facts = tls::inspect_certificate(chain_pem, key_pem);
        if (!facts) return leave_out(where, whose + "is left out: " + facts.error().what);
        if (facts->not_after <= now_) {
            auto days = std::chrono::floor<std::chrono::days>(now_ - facts->not_after).count();
            return leave_out(where, whose + "is left out: it expired " + std::to_string(days) + " days ago");
        }
        auto same = [&](const auto& each) { return each.id == facts->fingerprint; };
        if (std::ranges::any_of(found_.certificates, same)) return;
        store::certificate_record record;
        record.id = facts->fingerprint;
        record.names = std::move(facts->names);
        record.issuer = import_issuer_name;
        record.chain_pem = std::move(chain_pem);
        record.key_pem = std::move(key_pem);
        record.not_before = facts->not_before;
        record.not_after = facts->not_after;
        found_.certificates.push_back(std::move(record));
    }

    import_result take() { return std::move(found_); }

private:
    wall_clock::time_point now_;
    import_result found_;
};

/// Null where there is none. Traefik's JSON library ignores case, and its versions have written different ones.
const json* member(const json* object, std::string_view name)
{
    if (object == nullptr || !object->is_object()) return nullptr;
    for (const auto& [key, value] : object->items()) {
        if (text::equal_caseless(key, name)) return &value;
    }
    return nullptr;
}

std::string text_of(const json* value)
{
    return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

/// None when it is not base64 (RFC 4648 §4, with padding).
std::optional<std::string> from_base64(const std::string& encoded)
{
    std::string bytes(encoded.size() / 4 * 3, '\0');
    auto* into = reinterpret_cast<unsigned char*>(bytes.data());
    const auto* from = reinterpret_cast<const unsigned char*>(encoded.data());
    if (encoded.size() % 4 != 0 || EVP_DecodeBlock(into, from, static_cast<int>(encoded.size())) < 0) return {};
    auto padding = encoded.size() - std::min(encoded.size(), encoded.find_last_not_of('=') + 1);
    if (padding > 2) return {};
    bytes.resize(bytes.size() - padding);
    return bytes;
}

void add_encoded(collection& into, const fs::path& file, const std::string& name, const std::string& chain,
                 const std::string& key)
{
    if (chain.empty() || key.empty()) return;  // Traefik drops those, too
    auto whose = "the certificate of '" + text::printable(name) + "' ";
    auto chain_pem = from_base64(chain), key_pem = from_base64(key);
    if (!chain_pem || !key_pem) {
        return into.leave_out(file.string(),
                              whose + "is left out: its " + (chain_pem ? "key" : "chain") + " is not base64");
    }
    into.add(file.string(), whose, std::move(*chain_pem), std::move(*key_pem));
}

/// What one resolver has stored, or Traefik v1 as a whole. False when it is nothing of the kind.
bool add_resolver(collection& into, const fs::path& file, const json& stored)
{
    const auto* certificates = member(&stored, "Certificates");
    const auto* oldest = member(&stored, "DomainsCertificate");  // before v1.6
    if (certificates != nullptr && certificates->is_array()) {
        for (const auto& each : *certificates) {
            add_encoded(into, file, text_of(member(member(&each, "domain"), "main")),
                        text_of(member(&each, "certificate")), text_of(member(&each, "key")));
        }
    }
    const auto* pairs = member(oldest, "Certs");
    if (pairs != nullptr && pairs->is_array()) {
        for (const auto& each : *pairs) {
            const auto* pair = member(&each, "Certificate");
            add_encoded(into, file, text_of(member(member(&each, "Domains"), "Main")),
                        text_of(member(pair, "Certificate")), text_of(member(pair, "PrivateKey")));
        }
    }
    bool is_list = certificates != nullptr && (certificates->is_array() || certificates->is_null());
    return is_list || oldest != nullptr || member(&stored, "Account") != nullptr;
}

bool is_folder(const fs::path& path)
{
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

result<std::vector<fs::path>> sorted_entries(const fs::path& folder)
{
    std::error_code failure;
    std::vector<fs::path> entries;
    for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure))
        entries.push_back(it->path());
    if (failure) return error_code(failure.value(), boost::system::system_category());
    std::ranges::sort(entries);
    return entries;
}

void add_caddy_pair(collection& into, const fs::path& chain_file)
{
    auto key_file = chain_file;
    key_file.replace_extension(".key");
    auto chain = file::read(chain_file), key = file::read(key_file);
    if (chain && key) return into.add(chain_file.string(), "the certificate ", std::move(*chain), std::move(*key));
    const auto& [unread, why] = chain ? std::pair(key_file, key.error()) : std::pair(chain_file, chain.error());
    into.leave_out(unread.string(), "can't be read, its certificate is left out: " + why.message());
}

void add_caddy_site(collection& into, const fs::path& site)
{
    if (!is_folder(site)) return;
    auto files = sorted_entries(site);
    if (!files) return into.leave_out(site.string(), "the folder can't be read: " + files.error().message());
    for (const auto& each : *files) {
        if (each.extension() == ".crt") add_caddy_pair(into, each);
    }
}

}  // namespace

checked<import_result> read_acme_json(const fs::path& file, wall_clock::time_point now)
{
    auto fail = [&](std::string what) { return std::unexpected(problem{file.string(), std::move(what)}); };
    auto content = file::read(file);
    if (!content) return fail("can't be read: " + content.error().message());
    if (content->find_first_not_of(" \t\r\n") == std::string::npos) return import_result{};
    auto whole = json::parse(*content, nullptr, false);  // the parser's own words would quote the file
    if (!whole.is_object())
        return fail("is not JSON as Traefik's acme.json is; name that file, or Caddy's data folder");
    collection found(now);
    if (add_resolver(found, file, whole)) return found.take();
    for (const auto& [resolver, stored] : whole.items()) {
        if (!stored.is_null() && !add_resolver(found, file, stored))
            return fail("is not Traefik's acme.json: '" + text::printable(resolver) + "' holds no certificates");
    }
    return found.take();
}

namespace {

/// Caddy's own CA, and staging directories.
bool is_trusted_by_nobody(const fs::path& issuer)
{
    auto name = issuer.filename().string();
    return name == "local" || name.contains("staging");
}

}  // namespace

checked<import_result> read_caddy_folder(const fs::path& certificates, wall_clock::time_point now)
{
    auto issuers = sorted_entries(certificates);
    if (!issuers) {
        return std::unexpected(
            problem{certificates.string(), "the folder can't be read: " + issuers.error().message()});
    }
    collection found(now);
    for (const auto& issuer : *issuers) {
        if (!is_folder(issuer)) continue;
        if (is_trusted_by_nobody(issuer)) {
            found.leave_out(issuer.string(), "its certificates are of a CA that no browser trusts; left out");
            continue;
        }
        auto sites = sorted_entries(issuer);
        if (!sites) found.leave_out(issuer.string(), "the folder can't be read: " + sites.error().message());
        for (const auto& site : sites ? *sites : std::vector<fs::path>()) add_caddy_site(found, site);
    }
    return found.take();
}

checked<import_result> import_from(const fs::path& path, wall_clock::time_point now)
{
    if (!is_folder(path)) return read_acme_json(path, now);
    auto named = fs::path(path / "").parent_path().filename();  // also of "certificates/"
    if (named == "certificates") return read_caddy_folder(path, now);
    for (const char* below : {"certificates", "caddy/certificates"}) {
        if (is_folder(path / below)) return read_caddy_folder(path / below, now);
    }
    std::error_code ignored;
    if (fs::exists(path / "acme.json", ignored)) return read_acme_json(path / "acme.json", now);
    return std::unexpected(problem{path.string(),
                                   "holds neither Caddy's folder 'certificates' nor Traefik's acme.json; "
                                   "name one of them"});
}

}  // namespace lintel::acme
