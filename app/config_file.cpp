// lintel.yaml and the environment → texts by key.

#include "app/settings.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <utility>

namespace lintel::app {

namespace {

std::string place(const std::string& path, const YAML::Mark& mark)
{
    return path + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

std::vector<std::string> known_keys()
{
    std::vector<std::string> keys;
    for (const auto& each : options()) keys.emplace_back(each.key);
    return keys;
}

/// A list, or one value with commas, as parts of the flag.
std::string networks_text(const YAML::Node& node)
{
    std::string text;
    auto add = [&](const YAML::Node& each) {
        auto written = each.IsScalar() ? each.Scalar() : std::string("?");
        for (auto network : text::split_list(written)) text += "+proxy_protocol_from=" + std::string(network);
    };
    if (!node.IsSequence()) add(node);
    for (const auto& each : node) {
        if (node.IsSequence()) add(each);
    }
    return text;
}

/// `entrypoints:` as a map of NAME: ADDR or NAME: {address, tls, public_port, …}, in the spelling of the flag.
checked<std::string> entrypoints_text(const YAML::Node& node, const std::string& path)
{
    std::string text;
    auto fail = [&](const YAML::Node& at, std::string what) {
        return std::unexpected(problem{place(path, at.Mark()), std::move(what)});
    };
    if (!node.IsMap()) return fail(node, "entrypoints is a map of names to addresses");
    for (const auto& each : node) {
        text += (text.empty() ? "" : ",") + each.first.as<std::string>() + "=";
        if (each.second.IsScalar()) {
            text += each.second.as<std::string>();
            continue;
        }
        if (!each.second.IsMap() || !each.second["address"]) return fail(each.second, "an entrypoint needs an address");
        text += each.second["address"].as<std::string>();
        for (const auto& detail : each.second) {
            auto key = detail.first.as<std::string>();
            if (key == "tls" && detail.second.as<std::string>() == "true") text += "+tls";
            if (key == "public_port") text += "+public=" + detail.second.as<std::string>();
            if (key == "address" || key == "tls" || key == "public_port") continue;
            if (key == "proxy_protocol_from") {
                text += networks_text(detail.second);
                continue;
            }
            auto value = detail.second.IsScalar() ? detail.second.as<std::string>() : std::string();
            auto wrong = model::wrong_with(model::option_place::entrypoint, key, value);
            if (!wrong.empty())
                return fail(detail.first,
                            wrong + " (an entrypoint has address, tls, public_port, proxy_protocol_from and options)");
            text += '+' + key + '=' + value;
        }
    }
    return text;
}

/// `resolvers:` and `host_issuers:` as a map of NAME: ISSUER or NAME: [ISSUER, …], in the spelling of the flag.
checked<std::string> lists_text(const YAML::Node& node, const std::string& path)
{
    std::string text;
    auto fail = [&](const YAML::Node& at, const char* what) {
        return std::unexpected(problem{place(path, at.Mark()), what});
    };
    auto is_word = [](const YAML::Node& each) {
        return each.IsScalar() && !each.Scalar().empty() && each.Scalar().find_first_of(",=+") == std::string::npos;
    };
    for (const auto& each : node) {
        const YAML::Node &name = each.first, &issuers = each.second;
        if (!is_word(name)) return fail(name, "is a name without , = and +");
        bool single = issuers.IsScalar();
        if (!single && (!issuers.IsSequence() || issuers.size() == 0))
            return fail(name, "needs an issuer's name, or a list of them");
        text += (text.empty() ? "" : ",") + name.Scalar();
        char glue = '=';
        for (std::size_t i = 0; i < (single ? 1 : issuers.size()); ++i) {
            auto issuer = single ? issuers : issuers[i];
            if (!is_word(issuer)) return fail(issuer, "is not the name of an issuer");
            text += std::exchange(glue, '+') + issuer.Scalar();
        }
    }
    return text;
}

/// The map as YAML again, on one line: on its way to control it is a text like any other.
std::string yaml_text(YAML::Node node)
{
    node.SetStyle(YAML::EmitterStyle::Flow);
    YAML::Emitter out;
    out << node;
    return {out.c_str(), out.size()};
}

checked<std::string> value_text(const std::string& key, const YAML::Node& node, const std::string& path)
{
    if (key == "entrypoints") return entrypoints_text(node, path);
    if (node.IsScalar()) return node.as<std::string>();
    bool lists = key == "resolvers" || key == "host_issuers";
    if (node.IsMap() && lists) return lists_text(node, path);
    if (node.IsMap() && key == "issuers") return yaml_text(node);
    if (!node.IsSequence()) return std::unexpected(problem{place(path, node.Mark()), key + " is one value or a list"});
    std::string text;
    for (const auto& item : node) {
        if (!item.IsScalar())
            return std::unexpected(problem{place(path, item.Mark()), key + " is a list of plain values"});
        text += (text.empty() ? "" : ",") + item.as<std::string>();
    }
    return text;
}

void read_map(const YAML::Node& root, const std::string& path, chosen_settings& chosen, std::vector<problem>& problems)
{
    for (const auto& each : root) {
        auto key = each.first.as<std::string>();
        if (find_option(key) == nullptr) {
            auto near = text::nearest(key, known_keys());
            auto hint =
                near.empty() ? "; see docs/configuration.md for the known ones" : "; did you mean " + near + "?";
            problems.push_back({place(path, each.first.Mark()), "unknown key " + text::printable(key) + hint});
            continue;
        }
        auto text = value_text(key, each.second, path);
        if (text) {
            chosen[key] = {*text, place(path, each.second.Mark())};
        } else {
            problems.push_back(text.error());
        }
    }
}

}  // namespace

std::expected<chosen_settings, std::vector<problem>> read_config_file(const std::string& path)
{
    chosen_settings chosen;
    std::vector<problem> problems;
    auto content = file::read(path);
    if (!content) return std::unexpected(std::vector{problem{path, "can't be read: " + content.error().message()}});
    try {
        auto root = YAML::Load(*content);
        if (root.IsMap()) {
            read_map(root, path, chosen, problems);
        } else if (!root.IsNull()) {
            problems.push_back({place(path, root.Mark()), "lintel.yaml is a map of keys to values"});
        }
    } catch (const YAML::Exception& failure) {
        problems.push_back({place(path, failure.mark), failure.msg});
    }
    if (!problems.empty()) return std::unexpected(std::move(problems));
    return chosen;
}

chosen_settings read_environment()
{
    chosen_settings chosen;
    for (const auto& each : options()) {
        auto name = variable_of(each);
        if (const char* text = std::getenv(name.c_str())) chosen[std::string(each.key)] = {text, name};
    }
    return chosen;
}

}  // namespace lintel::app
