#include "discovery/pem_reading.hpp"
#include "discovery/tls_names.hpp"
#include "discovery/yaml_fields.hpp"

#include "base/text.hpp"

#include <yaml-cpp/yaml.h>

namespace lintel::discovery {

namespace {

constexpr std::string_view auth_type = "clientauth.clientauthtype", ca_files = "clientauth.cafiles";

/// One of `tls.options`. It says who may come in, so one that can't be read whole closes the routers that name it: a
/// typo in `clientAuth` must not let everybody in.
class options_reader {
public:
    options_reader(routes_reading& reading, const std::string& name, const YAML::Node& node)
        : reading_(reading), fields_(reading, node)
    {
        set_.name = name;
        set_.spec.source = reading.out().source;
    }

    void read()
    {
        fields_.report_others(traefik::tls_options_words);
        close_on_unknown_keys();
        read_versions();
        read_suites();
        read_curves();
        read_clients();
        auto& spec = set_.spec;
        if (fields_.has("snistrict")) {
            auto strict = fields_.flag("snistrict");
            spec.strict_names = strict.value_or(true);
        }
        read_protocols();
        reading_.out().tls_option_sets.push_back(std::move(set_));
    }

private:
    void close(std::string_view path, const std::string& why)
    {
        fields_.report(path, why + "; routers with these TLS options are closed");
        if (set_.refusal.empty()) set_.refusal = "the TLS options " + set_.name + " can't be kept: " + why;
    }

    void close_on_unknown_keys()
    {
        for (const auto& path : fields_.paths()) {
            bool unknown = traefik::use_of(traefik::tls_options_words, path) == traefik::use::unknown;
            if (unknown) close(path, "nobody knows the key " + text::printable(path, 40));
        }
        if (auto unread = fields_.unreadable_restriction(); !unread.empty())
            close(unread, "the key " + text::printable(unread, 40) + " can't be read");
    }

    void read_version(std::string_view path, model::tls_version& into)
    {
        if (!fields_.has(path)) return;
        auto version = tls_version_of(fields_.text(path).value_or(""));
        if (!version) return close(path, "a TLS version is VersionTLS12 or VersionTLS13");
        if (version->raised) fields_.report(path, "TLS 1.0 and 1.1 are not spoken (RFC 8996), taken for VersionTLS12");
        into = version->version;
    }

    void read_versions()
    {
        read_version("minversion", set_.spec.lowest);
        read_version("maxversion", set_.spec.highest);
        if (set_.spec.lowest > set_.spec.highest) close("maxversion", "maxVersion is below minVersion");
    }

    /// Where none is left for TLS 1.2, only TLS 1.3 is.
    void read_suites()
    {
        auto& spec = set_.spec;
        auto written = fields_.list("ciphersuites");
        for (const auto& name : written) {
            auto use = suite_use_of(name);
            if (use == suite_use::offered) spec.cipher_suites.emplace_back(suite_name_of(name));
            if (use == suite_use::never)
                fields_.report("ciphersuites", name + " is not offered (weak, or without forward secrecy), ignored");
            if (use == suite_use::unknown) {
                fields_.report("ciphersuites",
                               "unknown cipher suite " + text::printable(name, 60) + ", ignored; write IANA's names");
            }
        }
        if (written.empty() || !spec.cipher_suites.empty()) return;
        if (spec.highest < model::tls_version::tls_1_3)
            return close("ciphersuites", "none of the cipher suites is offered in TLS 1.2");
        spec.lowest = model::tls_version::tls_1_3;
    }

    void read_curves()
    {
        auto written = fields_.list("curvepreferences");
        for (const auto& name : written) {
            auto group = group_of(name);
            if (!group.empty())
                set_.spec.curves.emplace_back(group);
            else
                fields_.report("curvepreferences", "unknown curve " + text::printable(name, 40) +
                                                       ", ignored; known are X25519MLKEM768, X25519, CurveP256, "
                                                       "CurveP384 and CurveP521");
        }
        if (!written.empty() && set_.spec.curves.empty()) close("curvepreferences", "none of the curves is known");
    }

    /// A client holds us to what was agreed on: what we don't speak is never offered.
    void read_protocols()
    {
        auto written = fields_.list("alpnprotocols");
        for (const auto& name : written) {
            if (name == "h2" || name == "http/1.1" || name == "http/1.0")
                set_.spec.protocols.push_back(name);
            else
                fields_.report("alpnprotocols", "the protocol " + text::printable(name, 40) +
                                                    " is not spoken, ignored; known are h2, http/1.1 and http/1.0");
        }
        if (!written.empty() && set_.spec.protocols.empty()) close("alpnprotocols", "none of the protocols is spoken");
    }

    /// Traefik's reading: CA files alone ask for a certificate.
    void read_clients()
    {
        bool has_files = fields_.has(ca_files);
        auto type = fields_.has(auth_type) ? fields_.text(auth_type).value_or("?") : "";
        if (type.empty()) type = has_files ? "RequireAndVerifyClientCert" : "NoClientCert";
        if (type == "NoClientCert") return;
        if (type == "RequestClientCert" || type == "RequireAnyClientCert") {
            return close(auth_type, type +
                                        " asks for certificates that nobody verifies, which is not supported; write "
                                        "VerifyClientCertIfGiven or RequireAndVerifyClientCert");
        }
        bool required = type == "RequireAndVerifyClientCert";
        if (!required && type != "VerifyClientCertIfGiven")
            return close(auth_type, "there is no clientAuthType " + text::printable(type, 40));
        if (!has_files) return close(auth_type, type + " needs caFiles");
        auto authorities = read_authorities(reading_, *fields_.find(ca_files));
        if (!authorities) return close(ca_files, "the CA of its clients can't be read");
        set_.spec.clients = required ? model::client_auth::require : model::client_auth::verify_if_given;
        set_.spec.client_ca_pem = std::move(authorities->text);
    }

    routes_reading& reading_;
    yaml_fields fields_;
    declared_set<model::tls_options> set_;
};

}  // namespace

void read_tls_options(routes_reading& reading, const std::string& name, const YAML::Node& node)
{
    options_reader(reading, name, node).read();
}

}  // namespace lintel::discovery
