#include "discovery/traefik_sections.hpp"

#include "base/text.hpp"
#include "discovery/traefik_words.hpp"

#include <set>

namespace lintel::discovery {

namespace {

using words = std::span<const std::string_view>;

class sorter {
public:
    explicit sorter(label_reading& reading) : reading_(reading) {}

    traefik_sections sort()
    {
        for (const auto& [label, value] : reading_.from().labels) add(label, value);
        report_fields(sorted_.routers, traefik::router_words);
        report_fields(sorted_.services, traefik::service_words);
        report_fields(sorted_.tcp_routers, traefik::tcp_router_words);
        report_fields(sorted_.tcp_services, traefik::tcp_service_words);
        return std::move(sorted_);
    }

private:
    void add(const std::string& label, const std::string& value);
    void add_root(const std::string& label, const std::string& root);
    void add_http(const std::string& label, const std::string& value, words path);
    void add_tcp(const std::string& label, const std::string& value, words path);
    void add_middleware(const std::string& label, words path);
    void add_field(traefik_section_map& into, const std::string& label, const std::string& value, words path);

    void ignore(const std::string& label, const std::string& why) { reading_.report(label, "ignored; " + why); }
    void ignore_unknown(const std::string& label, const std::string& near);
    /// One problem stands for the whole group.
    void report_once(const std::string& group, const std::string& label, const std::string& what);

    void report_fields(const traefik_section_map& sections, traefik::vocabulary known);

    label_reading& reading_;
    traefik_sections sorted_;
    std::set<std::string> reported_;
};

void sorter::add(const std::string& label, const std::string& value)
{
    auto path = text::split(label, '.');
    if (!text::equal_caseless(path.front(), "traefik") || path.size() < 2) return;
    if (path.front() != "traefik") return ignore(label, "the first word is written traefik, in lower case");
    bool whole = std::ranges::none_of(path, [](auto part) { return part.empty(); });
    if (!whole) return ignore(label, "there is nothing between two dots");
    auto root = text::lower(path[1]);
    if (root == "http") return add_http(label, value, words(path).subspan(2));
    if (root == "tcp") return add_tcp(label, value, words(path).subspan(2));
    add_root(label, root);
}

/// What is neither traefik.http nor traefik.tcp.
void sorter::add_root(const std::string& label, const std::string& root)
{
    static const std::vector<std::string> known{"traefik.enable", "traefik.docker.network", "traefik.swarm.network",
                                                "traefik.docker.allownonrunning"};
    static const std::vector<std::string> roots{"http", "tcp", "enable", "docker", "swarm"};
    auto key = text::lower(label);
    if (std::ranges::find(known, key) != known.end()) return;
    if (root == "udp") {
        sorted_.has_tcp_or_udp = true;
        return report_once(root, label, "udp routers and services are not supported yet, ignored");
    }
    if (root == "tls") return report_once(root, label, "not supported yet, ignored");
    if (key.ends_with(".lbswarm")) return reading_.report(label, "not supported yet, ignored");
    auto near = text::nearest(key, known);
    if (near.empty() && !text::nearest(root, roots).empty()) near = "traefik." + text::nearest(root, roots);
    ignore_unknown(label, near);
}

/// `path`: what follows "traefik.http.".
void sorter::add_http(const std::string& label, const std::string& value, words path)
{
    static const std::vector<std::string> kinds{"routers", "services", "middlewares"};
    sorted_.has_http = true;
    auto kind = path.empty() ? std::string() : text::lower(path[0]);
    if (kind == "routers") return add_field(sorted_.routers, label, value, path);
    if (kind == "services") return add_field(sorted_.services, label, value, path);
    if (kind == "middlewares" && path.size() > 1) return add_middleware(label, path);
    if (kind == "serverstransports")
        return report_once(kind, label,
                           "a transport can't be declared by labels, ignored; declare it in a routes file");
    auto near = text::nearest(kind, kinds);
    ignore_unknown(label, near.empty() ? near : "traefik.http." + near);
}

/// `path`: what follows "traefik.tcp.".
void sorter::add_tcp(const std::string& label, const std::string& value, words path)
{
    static const std::vector<std::string> kinds{"routers", "services", "middlewares"};
    sorted_.has_tcp_or_udp = true;
    auto kind = path.empty() ? std::string() : text::lower(path[0]);
    if (kind == "routers") return add_field(sorted_.tcp_routers, label, value, path);
    if (kind == "services") return add_field(sorted_.tcp_services, label, value, path);
    if (kind == "middlewares" && path.size() > 1) return add_middleware(label, path);
    auto near = text::nearest(kind, kinds);
    ignore_unknown(label, near.empty() ? near : "traefik.tcp." + near);
}

void sorter::add_middleware(const std::string& label, words path)
{
    auto name = std::string(path[1]);
    report_once("middleware " + name, label,
                "middlewares are not supported yet; a router that names " + name + " is closed");
}

/// `path`: the kind, the name and what follows it.
void sorter::add_field(traefik_section_map& into, const std::string& label, const std::string& value, words path)
{
    if (path.size() < 3) {
        bool routers = text::equal_caseless(path[0], "routers");
        auto example = routers ? "routers.web.rule" : "services.web.loadbalancer.server.port";
        auto protocol = label.substr(0, static_cast<std::size_t>(path[0].data() - label.data()));
        return ignore(label, "it needs a name and a key, such as " + text::lower(protocol) + example);
    }
    if (path[1].find('@') != std::string_view::npos) return ignore(label, "a name has no @");
    auto& section = into[text::lower(path[1])];
    auto field_start = static_cast<std::size_t>(path[2].data() - label.data());
    if (section.name.empty()) {
        section.name = path[1];
        section.prefix = label.substr(0, field_start);
    }
    section.fields.insert_or_assign(text::lower(label.substr(field_start)), traefik_section::entry{label, value});
}

void sorter::ignore_unknown(const std::string& label, const std::string& near)
{
    reading_.report(label,
                    near.empty() ? "unknown label, ignored" : "unknown label, ignored; did you mean " + near + '?');
}

void sorter::report_once(const std::string& group, const std::string& label, const std::string& what)
{
    if (reported_.insert(group).second) reading_.report(label, what);
}

void sorter::report_fields(const traefik_section_map& sections, traefik::vocabulary known)
{
    for (const auto& [name, section] : sections) {
        for (const auto& [field, entry] : section.fields) {
            auto use = traefik::use_of(known, field);
            if (use == traefik::use::later) reading_.report(entry.label, "not supported yet, ignored");
            if (use == traefik::use::unknown) {
                reading_.report(entry.label, "unknown label, ignored; " + traefik::hint(known, field, section.prefix));
            }
        }
    }
}

}  // namespace

std::optional<std::string> traefik_section::value(const std::string& field) const
{
    auto found = fields.find(field);
    if (found == fields.end() || text::trim(found->second.value).empty()) return {};
    return std::string(text::trim(found->second.value));
}

std::vector<std::string> traefik_section::list(const std::string& field) const
{
    std::vector<std::string> items;
    for (auto item : text::split_list(value(field).value_or(""))) items.emplace_back(item);
    return items;
}

std::string traefik_section::where(const std::string& field) const
{
    auto found = fields.find(field);
    return found == fields.end() ? prefix + field : found->second.label;
}

std::optional<bool> flag_of(label_reading& reading, const traefik_section& section, const std::string& field)
{
    auto written = section.value(field);
    if (!written) return {};
    auto value = traefik::parse_bool(*written);
    if (!value) {
        reading.report(section.where(field),
                       '"' + text::printable(*written, 40) + "\" is neither true nor false, ignored");
    }
    return value;
}

std::int64_t priority_of(label_reading& reading, const traefik_section& section)
{
    auto written = section.value("priority");
    if (!written) return 0;
    auto value = traefik::parse_priority(*written);
    if (!value)
        reading.report(section.where("priority"),
                       '"' + text::printable(*written, 40) + "\" is not a whole number, ignored");
    return value.value_or(0);
}

bool is_rule_syntax_known(label_reading& reading, const traefik_section& section)
{
    auto syntax = section.value("rulesyntax");
    if (!syntax || text::equal_caseless(*syntax, "v3")) return true;
    reading.report(section.where("rulesyntax"), "only the rule syntax v3 is supported, so this router is left out");
    return false;
}

bool wants_tls(label_reading& reading, const traefik_section& section)
{
    if (auto written = section.value("tls")) {
        auto value = traefik::parse_bool(*written);
        if (!value)
            reading.report(section.where("tls"),
                           '"' + text::printable(*written, 40) + "\" is neither true nor false, taken for true");
        return value.value_or(true);
    }
    auto after = section.fields.lower_bound("tls");
    return after != section.fields.end() && (after->first == "tls" || after->first.starts_with("tls."));
}

traefik_sections sort_traefik_labels(label_reading& reading) { return sorter(reading).sort(); }

}  // namespace lintel::discovery
