#pragma once
// Made-up rules and snapshots, the same ones for the same seed.

#include "model/rule.hpp"
#include "model/snapshot.hpp"

#include <random>

namespace lintel::test {

class random_model {
public:
    explicit random_model(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t end) { return random_() % end; }
    bool one_in(std::size_t chances) { return below(chances) == 0; }
    std::string one_of(std::initializer_list<const char*> choices) { return choices.begin()[below(choices.size())]; }

    std::string host()
    {
        return one_of({"a", "b", "c", "app"}) + std::to_string(below(20)) + one_of({"", ".x", ".y.z"});
    }

    std::string path() { return one_of({"/", "/a", "/a/b", "/api", "/api/v1", "/ü \"q\"", "/x'y(z)&&||"}); }

    model::rule rule(int depth = 3)
    {
        using kind = model::rule::kind;
        if (depth == 0 || one_in(3)) return leaf();
        model::rule node{one_in(2) ? kind::all_of : kind::any_of, "", {}};
        for (auto count = 2 + below(3); count > 0; --count) node.parts.push_back(rule(depth - 1));
        return node;
    }

    /// About `size` objects of each kind, with ids from a small set so that two snapshots overlap.
    model::snapshot snapshot(std::size_t size)
    {
        model::snapshot whole;
        auto id = [&](const char* kind) { return kind + std::to_string(below(size * 2)); };
        for (std::size_t i = 0; i < size; ++i) {
            auto& router = whole.routers[id("r")];
            router.rule = model::print(rule());
            router.priority = one_in(2) ? 0 : static_cast<std::int64_t>(below(5)) - 1;
            router.entrypoints = one_in(3) ? std::vector<std::string>{"http", "https"}
                                           : std::vector<std::string>{one_of({"http", "https"})};
            switch (below(4)) {
                case 0: router.redirect_to_https = true; break;
                case 1: router.refusal = "because \"we\" can't\n"; break;
                default: router.service = id("s");
            }
            router.source = one_of({"", "container web, label x", "/etc/ü.yaml:3"});
            if (one_in(3)) router.tls_options = id("o"), router.strict_transport_security = "max-age=7";
            if (one_in(5)) router.canonical_host = host();
            auto& service = whole.services[id("s")];
            for (auto count = below(4); count > 0; --count) service.endpoints.push_back(id("e"));
            service.pass_host = !one_in(4);
            service.scheme = static_cast<model::scheme>(below(3));
            if (service.scheme == model::scheme::https && one_in(2)) service.transport = id("t");
            service.proxy_protocol = static_cast<int>(below(3));
            if (one_in(3)) service.check = {.grpc = true, .interval = std::chrono::seconds(below(9)), .port = 7};
            auto& endpoint = whole.endpoints[id("e")];
            endpoint.host = one_of({"10.0.0.1", "10.0.0.2", "::1", "name"});
            endpoint.port = static_cast<std::uint16_t>(below(65536));
            endpoint.ready = static_cast<model::readiness>(below(7));
            endpoint.draining = one_in(5);
            auto& certificate = whole.certificates[id("c")];
            certificate.names = {host(), "*." + host()};
            if (one_in(2)) certificate.chain_pem = "-----BEGIN CERTIFICATE-----\nAA==\n", certificate.key_pem = "key\n";
            if (one_in(2)) certificate.chain_file = "/a/chain.pem", certificate.key_file = "/a/key.pem";
            certificate.fallback = one_in(2);
            certificate.is_default = one_in(5);
            add_tcp_router(whole, id);
            add_tls_options(whole.tls_option_sets[id("o")]);
            add_transport(whole.transports[id("t")]);
        }
        return whole;
    }

private:
    model::rule leaf()
    {
        using kind = model::rule::kind;
        switch (below(5)) {
            case 0: return {kind::path, path(), {}};
            case 1: return {kind::path_prefix, path(), {}};
            case 2: return {kind::host, one_in(3) ? "*" : "*." + one_of({"x", "y.z", "z"}), {}};
            default: return {kind::host, host(), {}};
        }
    }

    void add_tcp_router(model::snapshot& whole, auto& id)
    {
        auto& router = whole.tcp_routers[id("q")];
        router.names = one_in(4) ? std::vector<std::string>{"*"} : std::vector{host(), "*." + host()};
        router.priority = static_cast<std::int64_t>(below(5)) - 1;
        router.entrypoints = {one_of({"https", "raw"})};
        router.security = static_cast<model::tcp_security>(below(3));
        if (one_in(2)) router.tls_options = id("o");
        if (one_in(4))
            router.refusal = "closed";
        else
            router.service = id("s");
        router.source = one_of({"", "container db"});
    }

    void add_tls_options(model::tls_options& options)
    {
        options.lowest = static_cast<model::tls_version>(below(2));
        options.highest = static_cast<model::tls_version>(below(2));
        if (one_in(2)) options.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"};
        if (one_in(2)) options.curves = {"X25519", "P-256"};
        if (one_in(2)) options.protocols = {"http/1.1"};
        options.strict_names = one_in(2);
        options.clients = static_cast<model::client_auth>(below(3));
        if (options.clients != model::client_auth::none) options.client_ca_pem = "-----BEGIN CERTIFICATE-----\n";
        options.source = one_of({"", "file /a.yml"});
    }

    void add_transport(model::transport& transport)
    {
        if (one_in(2)) transport.server_name = host();
        if (one_in(2)) transport.ca_pem = "ca\n", transport.ca_file = "/ca.pem";
        if (one_in(2)) transport.chain_pem = "chain\n", transport.chain_file = "/chain.pem";
        if (one_in(2)) transport.key_pem = "key\n", transport.key_file = "/key.pem";
        transport.verify = !one_in(3);
        transport.http2 = !one_in(3);
        transport.source = one_of({"", "file /a.yml"});
    }

    std::mt19937 random_;
};

}  // namespace lintel::test
