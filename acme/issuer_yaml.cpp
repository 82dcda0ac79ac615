// `issuers:` of lintel.yaml → acme::issuer.

#include "acme/issuer.hpp"
#include "acme/issuer_checks.hpp"
#include "acme/issuer_fields.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

namespace lintel::acme {

namespace {

const std::vector<std::string> key_names{"ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-4096"};
const std::vector<std::string> challenge_names{"http-01", "tls-alpn-01", "dns-01"};
const std::vector<std::string> tsig_names{"hmac-sha256", "hmac-sha512", "hmac-sha384", "hmac-sha224", "hmac-sha1"};

class issuer_reader {
public:
    issuer_reader(issuer& into, issuer_fields& fields) : into_(into), fields_(fields) {}

    void read()
    {
        read_directory();
        fields_.text("ca_file", into_.ca_file);
        read_binding();
        fields_.text("profile", into_.profile);
        fields_.text("preferred_chain", into_.preferred_chain);
        read_key();
        read_dns();
        read_challenges();
        fields_.text("staging", into_.staging);
        read_limits();
        fields_.finish();
    }

private:
    void read_directory()
    {
        bool written = fields_.text("directory", into_.directory, wrong_directory);
        if (written) {
            into_.is_private = is_own_directory(into_.directory);
            into_.staging.clear();  // another CA's
        }
        fields_.flag("private", into_.is_private);
        if (into_.is_private) into_.limits = {0, 0, 0, 0};  // nobody shares it
    }

    void read_binding()
    {
        auto eab = fields_.map("eab");
        if (!eab) return;
        external_account account;
        eab->text("kid", account.kid);
        eab->secret("hmac", account.hmac_key, wrong_hmac);
        eab->finish();
        if (!eab->is_clean()) return;
        if (account.kid.empty()) return eab->report("kid", "is missing; it comes from the CA, together with the hmac");
        if (account.hmac_key.empty()) return eab->report("hmac", "is missing; hmac_file may name a file with it");
        into_.binding = std::move(account);
    }

    void read_key()
    {
        std::string name, wrong;
        if (!fields_.text("key", name)) return;
        if (auto chosen = choose(name, key_names, wrong))
            into_.key = static_cast<key_kind>(*chosen);
        else
            fields_.report("key", wrong);
    }

    /// After the DNS settings, which dns-01 needs.
    void read_challenges()
    {
        auto written = fields_.list("challenges");
        if (!written) return;
        into_.challenges.clear();
        for (const auto& name : *written) {
            std::string wrong;
            auto chosen = choose(name, challenge_names, wrong);
            if (!chosen) {
                fields_.report("challenges", wrong);
                continue;
            }
            auto type = static_cast<challenge_type>(*chosen);
            if (type == challenge_type::dns_01 && !into_.has_dns())
                fields_.report("challenges", "dns-01 needs dns, which says how records are written");
            if (std::ranges::find(into_.challenges, type) == into_.challenges.end()) into_.challenges.push_back(type);
        }
    }

    void read_dns()
    {
        auto dns = fields_.map("dns");
        if (!dns) return;
        into_.rfc2136.reset();
        into_.dns_exec.clear();
        if (auto update = dns->map("rfc2136")) read_rfc2136(*update);
        dns->text("exec", into_.dns_exec, wrong_program);
        dns->finish();
        if (into_.rfc2136 && !into_.dns_exec.empty()) dns->report("", "has rfc2136 and exec; one of them is enough");
    }

    void read_rfc2136(issuer_fields& fields)
    {
        rfc2136_settings how;
        std::string wrong;
        fields.text("server", how.server, wrong_server);
        fields.text("key_name", how.key_name, wrong_zone);
        if (fields.text("algorithm", how.algorithm) && !choose(how.algorithm, tsig_names, wrong))
            fields.report("algorithm", wrong);
        fields.secret("secret", how.secret, wrong_secret);
        fields.text("zone", how.zone, wrong_zone);
        int ttl = how.ttl_seconds;
        fields.number("ttl", ttl, 1, 86'400);
        how.ttl_seconds = ttl;
        fields.finish();
        if (!fields.is_clean()) return;
        if (how.server.empty()) fields.report("server", "is missing; write HOST or HOST:PORT");
        if (how.key_name.empty() != how.secret.empty())
            fields.report("key_name", "and secret belong together; without both, updates are not signed");
        into_.rfc2136 = std::move(how);
    }

    void read_limits()
    {
        constexpr int most = 1'000'000;
        auto limits = fields_.map("limits");
        if (!limits) return;
        limits->number("orders_per_3h", into_.limits.orders_per_3h, 0, most);
        limits->number("certificates_per_domain_per_week", into_.limits.certificates_per_domain_per_week, 0, most);
        limits->number("duplicates_per_week", into_.limits.duplicates_per_week, 0, most);
        limits->number("failures_per_name_per_hour", into_.limits.failures_per_name_per_hour, 0, most);
        limits->finish();
    }

    issuer& into_;
    issuer_fields& fields_;
};

/// Names stand in flags (NAME=ISSUER+ISSUER,…) and in the account's rows.
bool is_issuer_name(std::string_view name)
{
    return !name.empty() && name.size() <= 64 &&
           std::ranges::all_of(name, [](char c) { return text::is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

class issuers_reader {
public:
    void read(const YAML::Node& root)
    {
        if (!root.IsMap() && !root.IsNull()) return report("issuers", "is a map of names to issuers");
        for (const auto& each : root) {
            auto name = each.first.IsScalar() ? each.first.Scalar() : std::string();
            if (!is_issuer_name(name))
                report("issuers." + text::printable(name, 40),
                       "is not a name for an issuer; letters, digits, - _ . are");
            else if (name == "local" || name == "import")
                report("issuers." + name, "is a name that Lintel itself uses; take another one");
            else if (!seen_.insert(name).second)
                report("issuers." + name, "is there twice");
            else
                read_issuer(name, each.second);
        }
        for (const auto& [name, each] : all_) check_staging(each);
    }

    void report(std::string where, std::string what) { problems_.push_back({std::move(where), std::move(what)}); }

    std::expected<std::map<std::string, issuer>, std::vector<problem>> take()
    {
        if (!problems_.empty()) return std::unexpected(std::move(problems_));
        return std::move(all_);
    }

private:
    void read_issuer(const std::string& name, const YAML::Node& node)
    {
        auto where = "issuers." + name;
        if (!node.IsMap()) return report(where, "is a map with a directory");
        auto& into = all_[name];
        into.name = name;
        issuer_fields fields(node, where, problems_);
        issuer_reader(into, fields).read();
        if (into.directory.empty() && fields.is_clean())
            fields.report("directory", "is missing: the URL where the CA's API begins");
    }

    void check_staging(const issuer& each)
    {
        if (each.staging.empty()) return;
        auto where = "issuers." + each.name + ".staging";
        if (each.staging == each.name) return report(where, "is the issuer itself; name the one to rehearse with");
        if (all_.contains(each.staging)) return;
        std::vector<std::string> names;
        for (const auto& [name, other] : all_) names.push_back(name);
        std::string wrong;
        choose(each.staging, names, wrong);
        report(where, wrong);
    }

    std::map<std::string, issuer> all_ = built_in_issuers();
    std::set<std::string> seen_;
    std::vector<problem> problems_;
};

/// A YAML error's text names what was expected, not what stands there.
problem syntax_problem(const YAML::Exception& failure)
{
    return {"issuers", failure.msg + " (line " + std::to_string(failure.mark.line + 1) + ", column " +
                           std::to_string(failure.mark.column + 1) + ')'};
}

void put_in_place(YAML::Node map, const std::string& key)
{
    auto file = key + "_file";
    if (!map.IsMap() || !map[file]) return;
    auto content = file::read(map[file].Scalar());
    if (!content) return;  // whoever reads the map says so
    map[key] = *content;
    map.remove(file);
}

}  // namespace

std::expected<std::map<std::string, issuer>, std::vector<problem>> read_issuers(std::string_view yaml)
{
    issuers_reader reader;
    try {
        reader.read(YAML::Load(std::string(yaml)));
    } catch (const YAML::Exception& failure) {
        return std::unexpected(std::vector{syntax_problem(failure)});
    }
    return reader.take();
}

checked<std::string> with_secrets_in_place(std::string_view yaml)
{
    try {
        auto root = YAML::Load(std::string(yaml));
        if (!root.IsMap()) return std::string(yaml);
        for (auto each : root) {
            auto issuer = each.second;
            if (!issuer.IsMap()) continue;
            if (issuer["eab"]) put_in_place(issuer["eab"], "hmac");
            if (issuer["dns"] && issuer["dns"].IsMap() && issuer["dns"]["rfc2136"])
                put_in_place(issuer["dns"]["rfc2136"], "secret");
        }
        root.SetStyle(YAML::EmitterStyle::Flow);
        YAML::Emitter out;
        out << root;
        return std::string(out.c_str(), out.size());
    } catch (const YAML::Exception& failure) {
        return std::unexpected(syntax_problem(failure));
    }
}

}  // namespace lintel::acme
