#include "discovery/pem_reading.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "tls/authorities.hpp"
#include "tls/certificate.hpp"

#include <yaml-cpp/yaml.h>

namespace lintel::discovery {

std::optional<pem> read_pem(routes_reading& reading, const YAML::Node& node, const std::string& written)
{
    if (written.starts_with("-----BEGIN")) return pem{"", written};
    auto path = std::filesystem::absolute(reading.file().parent_path() / written);
    auto content = file::read(path);
    if (content) return pem{path.string(), std::move(*content)};
    reading.report(node, "can't read " + path.string() + ": " + content.error().message());
    return {};
}

std::optional<pem> read_pem(routes_reading& reading, const YAML::Node& node)
{
    auto written = reading.text(node);
    return written ? read_pem(reading, node, *written) : std::nullopt;
}

std::optional<pem> read_authorities(routes_reading& reading, const YAML::Node& node)
{
    pem all;
    auto written = reading.list(node);
    for (const auto& each : written) {
        auto one = read_pem(reading, node, each);
        if (!one) return {};
        auto certificates = tls::read_authorities(one->text);
        if (!certificates) {
            auto name = one->path.empty() ? "" : one->path + ": ";
            reading.report(node, name + certificates.error().what);
            return {};
        }
        all.text += *certificates;
        if (written.size() == 1) all.path = std::move(one->path);
    }
    if (!written.empty()) return all;
    reading.report(node, "it names no file");
    return {};
}

std::optional<pem_pair> read_pair(routes_reading& reading, const YAML::Node& node)
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
    if (reported) return {};
    if (!chain || !key) {
        reading.report(node, "ignored; a certificate has a certFile and a keyFile");
        return {};
    }
    if (auto facts = tls::inspect_certificate(chain->text, key->text); !facts) {
        reading.report(node, facts.error().what);
        return {};
    }
    return pem_pair{std::move(*chain), std::move(*key)};
}

}  // namespace lintel::discovery
