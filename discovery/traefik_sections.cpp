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
        report_fields(sorted_.routers, traefik::router_use, traefik::router_hint);
        report_fields(sorted_.services, traefik::service_use, traefik::service_hint);
        return std::move(sorted_);
    }

private:
    void add(const std::string& label, const std::string& value);
    void add_root(const std::string& label, const std::string& root);
    void add_http(const std::string& label, const std::string& value, words path);
    void add_field(const std::string& label, const std::string& value, const std::string& kind, words path);

    void ignore(const std::string& label, const std::string& why) { reading_.report(label, "ignored; " + why); }
    void ignore_unknown(const std::string& label, const std::string& near);
    /// One problem stands for the whole group.
    void report_once(const std::string& group, const std::string& label, const std::string& what);

    void report_fields(const std::map<std::string, traefik_section>& sections, traefik::use (*use_of)(std::string_view),
                       std::string (*hint)(std::string_view, std::string_view));

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
    add_root(label, root);
}

/// What isn't traefik.http.
void sorter::add_root(const std::string& label, const std::string& root)
{
    static const std::vector<std::string> known{"traefik.enable", "traefik.docker.network", "traefik.swarm.network",
                                                "traefik.docker.allownonrunning"};
    static const std::vector<std::string> roots{"http", "enable", "docker", "swarm"};
    auto key = text::lower(label);
    if (std::ranges::find(known, key) != known.end()) return;
    if (root == "tcp" || root == "udp") {
        sorted_.has_tcp_or_udp = true;
        return report_once(root, label, root + " routers and services are not supported yet, ignored");
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
    if (kind == "routers" || kind == "services") return add_field(label, value, kind, path.subspan(1));
    if (kind == "serverstransports") return report_once(kind, label, "not supported yet, ignored");
    if (kind != "middlewares" || path.size() < 2) {
        auto near = text::nearest(kind, kinds);
        return ignore_unknown(label, near.empty() ? near : "traefik.http." + near);
    }
    auto name = std::string(path[1]);
    report_once("middleware " + name, label,
                "middlewares are not supported yet; a router that names " + name + " is closed");
}

/// `path`: the name and what follows it.
void sorter::add_field(const std::string& label, const std::string& value, const std::string& kind, words path)
{
    if (path.size() < 2) {
        auto example = kind == "routers" ? "routers.web.rule" : "services.web.loadbalancer.server.port";
        return ignore(label, "it needs a name and a key, such as traefik.http." + std::string(example));
    }
    if (path[0].find('@') != std::string_view::npos) return ignore(label, "a name has no @");
    auto& section = (kind == "routers" ? sorted_.routers : sorted_.services)[text::lower(path[0])];
    auto field_start = static_cast<std::size_t>(path[1].data() - label.data());
    if (section.name.empty()) {
        section.name = path[0];
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

void sorter::report_fields(const std::map<std::string, traefik_section>& sections,
                           traefik::use (*use_of)(std::string_view),
                           std::string (*hint)(std::string_view, std::string_view))
{
    for (const auto& [name, section] : sections) {
        for (const auto& [field, entry] : section.fields) {
            auto use = use_of(field);
            if (use == traefik::use::later) reading_.report(entry.label, "not supported yet, ignored");
            if (use == traefik::use::unknown) {
                reading_.report(entry.label, "unknown label, ignored; " + hint(field, section.prefix));
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

std::string traefik_section::where(const std::string& field) const
{
    auto found = fields.find(field);
    return found == fields.end() ? prefix + field : found->second.label;
}

traefik_sections sort_traefik_labels(label_reading& reading) { return sorter(reading).sort(); }

}  // namespace lintel::discovery
