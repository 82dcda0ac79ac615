#include "discovery/pem_reading.hpp"

#include "base/text.hpp"
#include "tls/certificate.hpp"

#include <yaml-cpp/yaml.h>

namespace lintel::discovery {

namespace {

/// One that stands there already is the default too, where either place says so.
void read_certificate(routes_reading& reading, const YAML::Node& node, bool is_default)
{
    auto pair = read_pair(reading, node);
    if (!pair) return;
    auto facts = tls::inspect_certificate(pair->chain.text, pair->key.text).value();
    auto& all = reading.out().certificates;
    auto known = std::ranges::find(all, facts.fingerprint, &named<model::certificate>::name);
    if (known != all.end()) {
        known->spec.is_default = known->spec.is_default || is_default;
        return;
    }
    model::certificate certificate;
    certificate.names = facts.names;
    certificate.chain_pem = std::move(pair->chain.text);
    certificate.key_pem = std::move(pair->key.text);
    certificate.chain_file = std::move(pair->chain.path);
    certificate.key_file = std::move(pair->key.path);
    certificate.is_default = is_default;
    all.push_back({facts.fingerprint, std::move(certificate)});
}

void read_certificates(routes_reading& reading, const YAML::Node& node)
{
    if (node.IsNull()) return;
    if (!node.IsSequence()) return reading.report(node, "ignored; a list of certificates is expected here");
    for (const auto& certificate : node) {
        if (reading.is_map(certificate)) read_certificate(reading, certificate, false);
    }
}

void read_default_store(routes_reading& reading, const YAML::Node& node)
{
    static const std::vector<std::string> known{"defaultCertificate", "defaultGeneratedCert"};
    if (!reading.is_map(node)) return;
    for (const auto& member : node) {
        auto key = text::lower(member.first.IsScalar() ? member.first.Scalar() : "");
        if (key == "defaultcertificate") {
            if (reading.is_map(member.second)) read_certificate(reading, member.second, true);
        } else if (key == "defaultgeneratedcert") {
            reading.report(member.first, "certificates from a public CA are not supported yet, ignored");
        } else {
            reading.report_unknown(member.first, known);
        }
    }
}

void read_stores(routes_reading& reading, const YAML::Node& node)
{
    if (!reading.is_map(node)) return;
    for (const auto& member : node) {
        auto name = member.first.IsScalar() ? member.first.Scalar() : "";
        if (name == "default")
            read_default_store(reading, member.second);
        else
            reading.report(member.first, "ignored; there is only the store default");
    }
}

}  // namespace

void read_tls(routes_reading& reading, const YAML::Node& node)
{
    static const std::vector<std::string> known{"certificates", "options", "stores"};
    if (!reading.is_map(node)) return;
    for (const auto& member : node) {
        auto key = text::lower(member.first.IsScalar() ? member.first.Scalar() : "");
        if (key == "certificates")
            read_certificates(reading, member.second);
        else if (key == "options")
            read_objects(reading, member.second, read_tls_options);
        else if (key == "stores")
            read_stores(reading, member.second);
        else
            reading.report_unknown(member.first, known);
    }
}

}  // namespace lintel::discovery
