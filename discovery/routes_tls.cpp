#include "discovery/routes_reading.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "tls/certificate.hpp"

#include <yaml-cpp/yaml.h>

namespace lintel::discovery {

namespace {

/// A certificate or key as the file names it: a path, or the PEM text itself.
struct pem {
    std::string path;  ///< absolute; empty where the text stands in the YAML file
    std::string text;
};

std::optional<pem> read_pem(routes_reading& reading, const YAML::Node& node)
{
    auto written = reading.text(node);
    if (!written) return {};
    if (written->starts_with("-----BEGIN")) return pem{"", std::move(*written)};
    auto path = std::filesystem::absolute(reading.file().parent_path() / *written);
    auto content = file::read(path);
    if (content) return pem{path.string(), std::move(*content)};
    reading.report(node, "can't read " + path.string() + ": " + content.error().message());
    return {};
}

void read_certificate(routes_reading& reading, const YAML::Node& node)
{
    static const std::vector<std::string> known{"certFile", "keyFile", "stores"};
    std::optional<pem> chain, key;
    bool reported = false;
    for (const auto& member : node) {
        auto name = text::lower(member.first.IsScalar() ? member.first.Scalar() : "");
        if (name == "certfile")
            reported = !(chain = read_pem(reading, member.second)) || reported;
        else if (name == "keyfile")
            reported = !(key = read_pem(reading, member.second)) || reported;
        else if (name != "stores")
            reading.report_unknown(member.first, known);
    }
    if (reported) return;
    if (!chain || !key) return reading.report(node, "ignored; a certificate has a certFile and a keyFile");
    auto facts = tls::inspect_certificate(chain->text, key->text);
    if (!facts) return reading.report(node, facts.error().what);
    model::certificate certificate;
    certificate.names = facts->names;
    certificate.chain_pem = std::move(chain->text);
    certificate.key_pem = std::move(key->text);
    certificate.chain_file = std::move(chain->path);
    certificate.key_file = std::move(key->path);
    reading.out().certificates.push_back({facts->fingerprint, std::move(certificate)});
}

void read_certificates(routes_reading& reading, const YAML::Node& node)
{
    if (node.IsNull()) return;
    if (!node.IsSequence()) return reading.report(node, "ignored; a list of certificates is expected here");
    for (const auto& certificate : node) {
        if (reading.is_map(certificate)) read_certificate(reading, certificate);
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
            reading.report(member.first, "TLS options are not supported yet; a router that names one is closed");
        else if (key == "stores")
            reading.report(member.first, "not supported yet, ignored");
        else
            reading.report_unknown(member.first, known);
    }
}

}  // namespace lintel::discovery
