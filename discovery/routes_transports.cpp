#include "discovery/pem_reading.hpp"
#include "discovery/yaml_fields.hpp"

#include "base/text.hpp"

#include <yaml-cpp/yaml.h>

namespace lintel::discovery {

namespace {

/// One of `http.serversTransports`. A CA or a key that can't be had closes the services that name it.
class transport_reader {
public:
    transport_reader(routes_reading& reading, const std::string& name, const YAML::Node& node)
        : reading_(reading), fields_(reading, node)
    {
        set_.name = name;
        set_.spec.source = reading.out().source;
    }

    void read()
    {
        fields_.report_others(traefik::transport_words);
        set_.spec.server_name = text::lower(fields_.text("servername").value_or(""));
        set_.spec.verify = !fields_.flag("insecureskipverify").value_or(false);
        set_.spec.http2 = !fields_.flag("disablehttp2").value_or(false);
        read_roots();
        read_certificates();
        for (const auto& path : fields_.paths()) {
            if (path == "peercerturi" || path.starts_with("spiffe"))
                close(path, "the servers' identity by " + path + " is not supported yet");
        }
        if (auto unread = fields_.unreadable_restriction(); !unread.empty())
            close(unread, "the key " + text::printable(unread, 40) + " can't be read");
        reading_.out().transports.push_back(std::move(set_));
    }

private:
    void close(std::string_view path, const std::string& why)
    {
        fields_.report(path, why + "; services with this transport are closed");
        if (set_.refusal.empty()) set_.refusal = "the transport " + set_.name + " can't be kept: " + why;
    }

    void read_roots()
    {
        const auto* written = fields_.find("rootcas");
        if (!written || written->IsNull()) return;
        auto roots = read_authorities(reading_, *written);
        if (!roots) return close("rootcas", "the CA of its servers can't be read");
        set_.spec.ca_pem = std::move(roots->text);
        set_.spec.ca_file = std::move(roots->path);
    }

    void read_certificates()
    {
        const auto* written = fields_.find("certificates");
        if (!written || written->IsNull() || (written->IsSequence() && written->size() == 0)) return;
        if (!written->IsSequence()) return close("certificates", "a list of certificates is expected here");
        if (written->size() > 1)
            fields_.report("certificates", "only the first certificate is shown to servers, the others are ignored");
        const auto& first = (*written)[0];
        auto pair = reading_.is_map(first) ? read_pair(reading_, first) : std::nullopt;
        if (!pair) return close("certificates", "its own certificate can't be read");
        set_.spec.chain_pem = std::move(pair->chain.text);
        set_.spec.chain_file = std::move(pair->chain.path);
        set_.spec.key_pem = std::move(pair->key.text);
        set_.spec.key_file = std::move(pair->key.path);
    }

    routes_reading& reading_;
    yaml_fields fields_;
    declared_set<model::transport> set_;
};

}  // namespace

void read_transport(routes_reading& reading, const std::string& name, const YAML::Node& node)
{
    transport_reader(reading, name, node).read();
}

}  // namespace lintel::discovery
