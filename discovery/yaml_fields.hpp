#pragma once
// The keys of one router, service or the like in a routes file, flat. Internal to discovery/routes_*.

#include "discovery/routes_reading.hpp"
#include "discovery/traefik_words.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::discovery {

/// Values by the path of their keys below the object's name, in lower case: "tls.certresolver". Lists are values, and
/// so are empty maps (`tls: {}`). `reading` outlives it.
class yaml_fields {
public:
    yaml_fields(routes_reading& reading, const YAML::Node& object);
    ~yaml_fields();

    /// Reports the keys that nobody knows and those that we don't support yet.
    void report_others(traefik::vocabulary known) const;

    /// At the key, or at the object where it isn't written.
    void report(std::string_view path, std::string what) const;

    const YAML::Node* find(std::string_view path) const;
    bool has(std::string_view path) const { return find(path) != nullptr; }
    const std::vector<std::string>& paths() const { return paths_; }

    /// Of wrong values, what is wrong is reported. A text that is empty counts as not written.
    std::optional<std::string> text(std::string_view path) const;
    std::vector<std::string> list(std::string_view path) const;
    std::optional<bool> flag(std::string_view path) const;
    std::int64_t priority() const;

    /// `tls: {}`, `tls:` and anything below it ask for TLS; only a plain "no" doesn't.
    bool wants_tls() const;

    /// The middlewares that are named; none where they can't be read either: see unreadable_restriction().
    std::vector<std::string> middlewares() const { return list("middlewares"); }

    /// Something that may restrict access and can't be read: middlewares in another shape than a list of names, merge
    /// keys (which yaml-cpp doesn't apply), or more keys than are looked at. Empty when there is none.
    std::string unreadable_restriction() const;

private:
    struct content;

    routes_reading& reading_;
    std::unique_ptr<content> content_;
    std::vector<std::string> paths_;
};

/// What the router says about its certificates. A domain that can't be one costs the certificate that it would be on.
certificate_terms certificate_terms_of(routes_reading& reading, const yaml_fields& router);

/// What must be there for the router to be served at all; none, and reported, where it isn't.
std::optional<std::string> required(const yaml_fields& router, const std::string& path);

/// False, and reported, where the router's rule is in another syntax than v3.
bool is_rule_syntax_known(const yaml_fields& router);

}  // namespace lintel::discovery
