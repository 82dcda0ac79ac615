#include "discovery/file_provider.hpp"

#include "base/text.hpp"
#include "discovery/routes_reading.hpp"

#include <yaml-cpp/yaml.h>

namespace lintel::discovery {

namespace {

std::string position(const std::filesystem::path& file, const YAML::Mark& mark)
{
    if (mark.is_null()) return file.string();
    return file.string() + ':' + std::to_string(mark.line + 1) + ':' + std::to_string(mark.column + 1);
}

void report_middlewares(routes_reading& reading, const YAML::Node& node)
{
    if (!reading.is_map(node)) return;
    for (const auto& member : node) {
        auto name = text::printable(member.first.Scalar(), 80);
        reading.report(member.first, "middlewares are not supported yet; a router that names " + name + " is closed");
    }
}

void read_http(routes_reading& reading, const YAML::Node& node)
{
    static const std::vector<std::string> known{"routers", "services", "middlewares", "serversTransports"};
    if (!reading.is_map(node)) return;
    for (const auto& member : node) {
        auto key = text::lower(member.first.Scalar());
        if (key == "routers")
            read_objects(reading, member.second, read_router);
        else if (key == "services")
            read_objects(reading, member.second, read_service);
        else if (key == "middlewares")
            report_middlewares(reading, member.second);
        else if (key == "serverstransports")
            read_objects(reading, member.second, read_transport);
        else
            reading.report_unknown(member.first, known);
    }
}

void read_tcp(routes_reading& reading, const YAML::Node& node)
{
    static const std::vector<std::string> known{"routers", "services", "middlewares", "serversTransports"};
    if (!reading.is_map(node)) return;
    for (const auto& member : node) {
        auto key = text::lower(member.first.Scalar());
        if (key == "routers")
            read_objects(reading, member.second, read_tcp_router);
        else if (key == "services")
            read_objects(reading, member.second, read_tcp_service);
        else if (key == "middlewares")
            report_middlewares(reading, member.second);
        else if (key == "serverstransports")
            reading.report(member.first, "not supported yet; a TCP service that names one is closed");
        else
            reading.report_unknown(member.first, known);
    }
}

void read_root(routes_reading& reading, const YAML::Node& root)
{
    static const std::vector<std::string> known{"http", "tls", "tcp", "udp"};
    if (!reading.is_map(root)) return;
    for (const auto& member : root) {
        auto key = text::lower(member.first.Scalar());
        if (key == "http")
            read_http(reading, member.second);
        else if (key == "tls")
            read_tls(reading, member.second);
        else if (key == "tcp")
            read_tcp(reading, member.second);
        else if (key == "udp")
            reading.report(member.first, "udp routers and services are not supported yet, ignored");
        else
            reading.report_unknown(member.first, known);
    }
}

}  // namespace

routes_reading::routes_reading(const std::filesystem::path& file) : file_(file)
{
    out_.provider = "file";
    out_.source = "file " + file.string();
}

std::string routes_reading::where(const YAML::Node& node) const { return position(file_, node.Mark()); }

void routes_reading::report(const YAML::Node& node, std::string what)
{
    out_.problems.push_back({where(node), std::move(what)});
}

void routes_reading::report_unknown(const YAML::Node& key, std::span<const std::string> known)
{
    auto typed = key.IsScalar() ? key.Scalar() : std::string();
    auto near = text::nearest(typed, known);
    auto hint = near.empty() ? "known are " + text::join(known, ", ") : "did you mean " + near + '?';
    report(key, "unknown key " + text::printable(typed, 40) + ", ignored; " + hint);
}

std::optional<std::string> routes_reading::text(const YAML::Node& node)
{
    if (node.IsScalar()) return std::string(text::trim(node.Scalar()));
    report(node, "ignored; one value is expected here");
    return {};
}

std::vector<std::string> routes_reading::list(const YAML::Node& node)
{
    std::vector<std::string> items;
    if (node.IsNull()) return items;
    if (!node.IsSequence()) {
        for (auto item : text::split_list(text(node).value_or(""))) items.emplace_back(item);
        return items;
    }
    for (const auto& item : node) {
        if (auto value = text(item); value && !value->empty()) items.push_back(std::move(*value));
    }
    return items;
}

bool routes_reading::is_map(const YAML::Node& node)
{
    if (node.IsMap() || node.IsNull()) return true;
    report(node, "ignored; keys with values are expected here");
    return false;
}

void read_objects(routes_reading& reading, const YAML::Node& node, object_reader* read)
{
    if (!reading.is_map(node)) return;
    for (const auto& member : node) {
        auto name = reading.text(member.first);
        if (!name || name->empty()) continue;
        if (name->find('@') != std::string::npos) {
            reading.report(member.first, "ignored; a name has no @");
        } else if (reading.is_map(member.second)) {
            read(reading, *name, member.second);
        }
    }
}

checked<fragment> read_routes(std::string_view yaml, const std::filesystem::path& file)
{
    try {
        routes_reading reading(file);
        read_root(reading, YAML::Load(std::string(yaml)));
        return std::move(reading.out());
    } catch (const YAML::Exception& error) {
        return std::unexpected(problem{position(file, error.mark), error.msg});
    }
}

}  // namespace lintel::discovery
