#include "acme/issuer_fields.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace lintel::acme {

namespace {

std::string trimmed(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r\n";
    auto first = text.find_first_not_of(blanks);
    if (first == text.npos) return "";
    return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

}  // namespace

issuer_fields::issuer_fields(const YAML::Node& map, std::string where, std::vector<problem>& problems)
    : map_(std::make_unique<YAML::Node>(map)), where_(std::move(where)), problems_(problems)
{
}

issuer_fields::issuer_fields(issuer_fields&&) noexcept = default;
issuer_fields::~issuer_fields() = default;

void issuer_fields::report(std::string_view key, std::string what)
{
    problems_.push_back({key.empty() ? where_ : where_ + '.' + std::string(key), std::move(what)});
}

const YAML::Node* issuer_fields::find(const std::string& key)
{
    known_.push_back(key);
    for (const auto& member : *map_) {
        if (!member.first.IsScalar() || member.first.Scalar() != key) continue;
        found_ = std::make_unique<YAML::Node>(member.second);
        return found_.get();
    }
    return nullptr;
}

std::optional<std::string> issuer_fields::scalar(const std::string& key)
{
    const auto* node = find(key);
    if (!node) return {};
    if (node->IsScalar()) return trimmed(node->Scalar());
    report(key, "is one value");
    return {};
}

bool issuer_fields::text(const char* key, std::string& into, text_check* check)
{
    auto value = scalar(key);
    if (!value) return false;
    if (auto wrong = check ? check(*value) : ""; !wrong.empty())
        return report(key, '"' + text::printable(*value, 120) + "\" " + wrong), false;
    into = std::move(*value);
    return true;
}

void issuer_fields::flag(const char* key, bool& into)
{
    auto value = scalar(key);
    if (!value) return;
    if (*value != "true" && *value != "false") return report(key, "is neither true nor false");
    into = *value == "true";
}

void issuer_fields::number(const char* key, int& into, int least, int most)
{
    auto value = scalar(key);
    if (!value) return;
    auto parsed = text::parse_decimal(*value);
    bool fits = parsed && *parsed >= static_cast<unsigned>(least) && *parsed <= static_cast<unsigned>(most);
    if (!fits)
        return report(key, "is not a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    into = static_cast<int>(*parsed);
}

std::optional<std::vector<std::string>> issuer_fields::list(const char* key)
{
    const auto* node = find(key);
    if (!node) return {};
    std::vector<std::string> items;
    auto add = [&](const YAML::Node& each) {
        if (!each.IsScalar()) return report(key, "is a list of plain values");
        for (auto item : text::split_list(each.Scalar())) items.emplace_back(item);
    };
    if (!node->IsSequence()) add(*node);
    for (const auto& each : *node) {
        if (node->IsSequence()) add(each);
    }
    return items;
}

void issuer_fields::secret(const std::string& key, std::string& into, text_check* check)
{
    auto value = scalar(key), path = scalar(key + "_file");
    if (value && path) return report(key, "stands beside " + key + "_file; one of them is enough");
    auto source = path ? key + "_file" : key;
    if (path) {
        auto content = file::read(*path);
        if (!content)
            return report(source, text::printable(*path, 120) + " can't be read: " + content.error().message());
        value = trimmed(*content);
    }
    if (!value) return;
    if (auto wrong = check(*value); !wrong.empty()) return report(source, "what stands there " + wrong);
    into = std::move(*value);
}

std::optional<issuer_fields> issuer_fields::map(const char* key)
{
    const auto* node = find(key);
    if (!node) return {};
    if (node->IsMap()) return issuer_fields(*node, where_ + '.' + key, problems_);
    report(key, "is a map of keys to values");
    return {};
}

void issuer_fields::finish()
{
    for (const auto& member : *map_) {
        auto key = member.first.IsScalar() ? member.first.Scalar() : std::string("?");
        if (std::ranges::find(known_, key) != known_.end()) continue;
        auto near = text::nearest(key, known_);
        auto hint = near.empty() ? "known are " + text::join(known_, ", ") : "did you mean " + near + '?';
        report(text::printable(key, 40), "unknown key; " + hint);
    }
}

std::optional<std::size_t> choose(std::string_view name, std::span<const std::string> names, std::string& wrong)
{
    auto found = std::ranges::find(names, name);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    auto near = text::nearest(name, names);
    wrong = '"' + text::printable(name, 40) + "\" is not known; " +
            (near.empty() ? "known are " + text::join(names, ", ") : "did you mean " + near + '?');
    return {};
}

}  // namespace lintel::acme
