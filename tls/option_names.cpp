#include "tls/option_names.hpp"

#include "base/text.hpp"
#include "tls/pem.hpp"

#include <algorithm>

namespace lintel::tls {

namespace {

constexpr const char* intermediate_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

constexpr const char* post_quantum_group = "X25519MLKEM768";

/// IANA's name of a suite of TLS 1.2 says how keys are agreed on, those of TLS 1.3 don't.
bool is_of_tls13(std::string_view suite) { return !suite.contains("_WITH_"); }

bool takes_groups(SSL_CTX* context, const std::string& list)
{
    bool taken = SSL_CTX_set1_groups_list(context, list.c_str()) == 1;
    if (!taken) last_openssl_error();
    return taken;
}

}  // namespace

checked<std::string> cipher_list(const std::vector<std::string>& suites)
{
    if (suites.empty()) return intermediate_ciphers;
    std::vector<std::string> known;
    for (const auto& suite : suites) {
        std::string name = OPENSSL_cipher_name(suite.c_str());
        if (name == "(NONE)") return std::unexpected(problem{"cipherSuites", "the suite " + suite + " is not known"});
        if (!is_of_tls13(suite)) known.push_back(name);
    }
    if (known.empty()) return std::unexpected(problem{"cipherSuites", "none of the suites is one of TLS 1.2"});
    return text::join(known, ":");
}

checked<std::string> set_groups(SSL_CTX* context, const std::vector<std::string>& groups)
{
    auto wanted = groups;
    if (wanted.empty()) wanted = {post_quantum_group, "X25519", "P-256", "P-384"};
    for (const auto& group : wanted) {
        if (group != post_quantum_group && !takes_groups(context, group))
            return std::unexpected(problem{"curvePreferences", "the curve " + group + " is not known"});
    }
    if (auto list = text::join(wanted, ":"); takes_groups(context, list)) return list;
    std::erase(wanted, post_quantum_group);
    auto list = text::join(wanted, ":");
    if (!wanted.empty() && takes_groups(context, list)) return list;
    return std::unexpected(problem{"curvePreferences", "no curve is left that this OpenSSL knows"});
}

}  // namespace lintel::tls
