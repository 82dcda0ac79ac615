#include "discovery/yaml_fields.hpp"

#include "base/text.hpp"

#include <yaml-cpp/yaml.h>

namespace lintel::discovery {

namespace {

constexpr int limit_depth = 6;
constexpr std::size_t limit_fields = 256;  // anchors may make a short file endless

/// In YAML a service has a list of servers where labels have one.
traefik::use use_in_yaml(traefik::vocabulary known, std::string_view path)
{
    if (path == "loadbalancer.servers") return traefik::use::applied;
    return path.starts_with("loadbalancer.server.") ? traefik::use::unknown : traefik::use_of(known, path);
}

std::string hint_in_yaml(traefik::vocabulary known, std::string_view path)
{
    static const std::vector<std::string> servers{"loadbalancer.servers"};
    bool meant = path.starts_with("loadbalancer.") && !text::nearest(path, servers).empty();
    return meant ? "did you mean loadBalancer.servers?" : traefik::hint(known, path, "");
}

}  // namespace

struct yaml_fields::content {
    struct field {
        std::string path;
        YAML::Node key;
        YAML::Node value;
    };

    YAML::Node object;
    std::vector<field> fields;

    void collect(const YAML::Node& map, const std::string& prefix, int depth)
    {
        for (const auto& member : map) {
            if (fields.size() >= limit_fields) return;
            auto path = prefix + text::lower(member.first.IsScalar() ? member.first.Scalar() : "?");
            bool inner = member.second.IsMap() && member.second.size() > 0;
            if (!inner)
                fields.push_back({path, member.first, member.second});
            else if (depth < limit_depth)
                collect(member.second, path + '.', depth + 1);
        }
    }

    const field* find(std::string_view path) const
    {
        auto found = std::ranges::find(fields, path, &field::path);
        return found == fields.end() ? nullptr : &*found;
    }
};

yaml_fields::yaml_fields(routes_reading& reading, const YAML::Node& object)
    : reading_(reading), content_(std::make_unique<content>())
{
    content_->object = object;
    if (object.IsMap()) content_->collect(object, "", 1);
    for (const auto& each : content_->fields) paths_.push_back(each.path);
}

yaml_fields::~yaml_fields() = default;

void yaml_fields::report_others(traefik::vocabulary known) const
{
    for (const auto& each : content_->fields) {
        auto use = use_in_yaml(known, each.path);
        if (use == traefik::use::later) reading_.report(each.key, each.path + " is not supported yet, ignored");
        if (use == traefik::use::unknown) {
            reading_.report(each.key, "unknown key " + text::printable(each.path, 80) + ", ignored; " +
                                          hint_in_yaml(known, each.path));
        }
    }
}

void yaml_fields::report(std::string_view path, std::string what) const
{
    const auto* written = content_->find(path);
    reading_.report(written ? written->key : content_->object, std::move(what));
}

const YAML::Node* yaml_fields::find(std::string_view path) const
{
    const auto* written = content_->find(path);
    return written ? &written->value : nullptr;
}

std::optional<std::string> yaml_fields::text(std::string_view path) const
{
    const auto* written = find(path);
    auto value = written && !written->IsNull() ? reading_.text(*written) : std::nullopt;
    return value && !value->empty() ? value : std::nullopt;
}

std::vector<std::string> yaml_fields::list(std::string_view path) const
{
    const auto* written = find(path);
    return written ? reading_.list(*written) : std::vector<std::string>();
}

std::optional<bool> yaml_fields::flag(std::string_view path) const
{
    auto written = text(path);
    if (!written) return {};
    auto value = traefik::parse_bool(*written);
    if (!value) reading_.report(*find(path), "neither true nor false, ignored");
    return value;
}

std::int64_t yaml_fields::priority() const
{
    const auto* written = find("priority");
    if (!written) return 0;
    auto value = traefik::parse_priority(reading_.text(*written).value_or(""));
    if (!value) reading_.report(*written, "the priority is not a whole number, ignored");
    return value.value_or(0);
}

bool yaml_fields::wants_tls() const
{
    return std::ranges::any_of(content_->fields, [](const auto& each) {
        bool off = each.value.IsScalar() && traefik::parse_bool(each.value.Scalar()) == false;
        return (each.path == "tls" && !off) || each.path.starts_with("tls.");
    });
}

std::string yaml_fields::unreadable_restriction() const
{
    const auto& all = content_->fields;
    if (all.size() >= limit_fields) return all.back().path;
    for (const auto& [path, key, value] : all) {
        bool merge_key = path == "<<" || path.starts_with("<<.") || path.contains(".<<");
        bool nested = path.starts_with("middlewares.");
        bool empty = value.IsNull() || ((value.IsSequence() || value.IsMap()) && value.size() == 0);
        bool unread = path == "middlewares" && !empty && reading_.list(value).empty();
        if (merge_key || nested || unread) return path;
    }
    return "";
}

std::optional<std::string> required(const yaml_fields& router, const std::string& path)
{
    auto value = router.text(path);
    if (!value) router.report(path, "the router has no " + path + ", so it is left out");
    return value;
}

bool is_rule_syntax_known(const yaml_fields& router)
{
    if (!router.has("rulesyntax") || text::equal_caseless(router.text("rulesyntax").value_or(""), "v3")) return true;
    router.report("rulesyntax", "only the rule syntax v3 is supported, so this router is left out");
    return false;
}

}  // namespace lintel::discovery
