#include "discovery/tls_names.hpp"

#include <algorithm>
#include <array>

namespace lintel::discovery {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> groups{{
    {"CurveP256", "P-256"},
    {"CurveP384", "P-384"},
    {"CurveP521", "P-521"},
    {"X25519", "X25519"},
    {"X25519MLKEM768", "X25519MLKEM768"},
}};

constexpr std::array<std::string_view, 12> offered_suites{
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",       "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",       "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",       "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",          "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",          "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
};

constexpr std::array<std::string_view, 3> suites_of_1_3{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                                        "TLS_CHACHA20_POLY1305_SHA256"};

constexpr std::array<std::string_view, 12> refused_suites{
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_FALLBACK_SCSV",
    "TLS_RSA_WITH_AES_256_CBC_SHA256",
};

}  // namespace

std::optional<written_version> tls_version_of(std::string_view name)
{
    using enum model::tls_version;
    if (name == "VersionTLS13") return written_version{tls_1_3, false};
    if (name == "VersionTLS12") return written_version{tls_1_2, false};
    if (name == "VersionTLS10" || name == "VersionTLS11") return written_version{tls_1_2, true};
    return {};
}

std::string_view group_of(std::string_view curve)
{
    auto found = std::ranges::find(groups, curve, &std::pair<std::string_view, std::string_view>::first);
    return found == groups.end() ? "" : found->second;
}

suite_use suite_use_of(std::string_view name)
{
    auto among = [&](const auto& names) { return std::ranges::find(names, name) != names.end(); };
    if (!suite_name_of(name).empty()) return suite_use::offered;
    if (among(suites_of_1_3)) return suite_use::always;
    return among(refused_suites) ? suite_use::never : suite_use::unknown;
}

std::string_view suite_name_of(std::string_view name)
{
    constexpr std::string_view rest_of_chacha = "_SHA256";
    auto same = [&](std::string_view each) {
        return each == name ||
               (name.ends_with("_POLY1305") && each.starts_with(name) && each.substr(name.size()) == rest_of_chacha);
    };
    auto found = std::ranges::find_if(offered_suites, same);
    return found == offered_suites.end() ? "" : *found;
}

}  // namespace lintel::discovery
