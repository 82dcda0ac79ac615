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
            auto& service = whole.services[id("s")];
            for (auto count = below(4); count > 0; --count) service.endpoints.push_back(id("e"));
            service.pass_host = !one_in(4);
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

    std::mt19937 random_;
};

}  // namespace lintel::test
