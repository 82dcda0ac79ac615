#include "acme/json_reader.hpp"

#include "base/text.hpp"

#include <nlohmann/json.hpp>

namespace lintel::acme {

using nlohmann::json;

json_reader::json_reader(const json& object, std::string name, complaint& wrong)
    : object_(object), name_(std::move(name)), wrong_(wrong)
{
    if (!object_.is_object()) complain("is not a JSON object");
}

std::string json_reader::text(const char* key, presence needed)
{
    const auto* value = member(key, needed);
    if (value == nullptr) return {};
    if (value->is_string()) return value->get<std::string>();
    complain(std::string("has a \"") + key + "\" that is not a string");
    return {};
}

std::string json_reader::url(const char* key, const url_rule& urls, presence needed)
{
    auto value = text(key, needed);
    if (value.empty() || urls.allows(value)) return value;
    complain(std::string("has a \"") + key + "\" that is not a URL to go to: \"" + text::printable(value) + '"');
    return {};
}

std::vector<std::string> json_reader::urls(const char* key, const url_rule& urls, presence needed)
{
    std::vector<std::string> all;
    const auto* list = member(key, needed);
    if (list == nullptr) return all;
    if (!list->is_array()) complain(std::string("has a \"") + key + "\" that is not an array");
    if (!list->is_array()) return all;
    for (const auto& each : *list) {
        if (!each.is_string() || !urls.allows(each.get_ref<const std::string&>())) {
            complain(std::string("has something else than a URL to go to in \"") + key + '"');
            return {};
        }
        all.push_back(each.get<std::string>());
    }
    return all;
}

std::vector<std::string> json_reader::texts(const char* key)
{
    std::vector<std::string> all;
    const auto* list = member(key, presence::optional);
    if (list == nullptr || !list->is_array()) return all;
    for (const auto& each : *list) {
        if (each.is_string()) all.push_back(each.get<std::string>());
    }
    return all;
}

bool json_reader::flag(const char* key)
{
    const auto* value = member(key, presence::optional);
    if (value == nullptr) return false;
    if (!value->is_boolean()) complain(std::string("has a \"") + key + "\" that is neither true nor false");
    return value->is_boolean() && value->get<bool>();
}

void json_reader::objects(const char* key, const std::string& name, presence needed,
                          const std::function<void(json_reader&)>& each)
{
    const auto* list = member(key, needed);
    if (list == nullptr) return;
    if (!list->is_array()) complain(std::string("has a \"") + key + "\" that is not an array");
    if (!list->is_array()) return;
    for (const auto& item : *list) {
        json_reader reader(item, name, wrong_);
        each(reader);
    }
}

const json* json_reader::object(const char* key, presence needed)
{
    const auto* value = member(key, needed);
    if (value == nullptr || value->is_object()) return value;
    complain(std::string("has a \"") + key + "\" that is not an object");
    return nullptr;
}

void json_reader::complain(std::string what)
{
    if (!wrong_) wrong_ = name_ + ' ' + what;
}

const json* json_reader::member(const char* key, presence needed)
{
    auto found = object_.is_object() ? object_.find(key) : object_.end();
    if (object_.is_object() && found != object_.end() && !found->is_null()) return &*found;
    if (needed == presence::needed) complain(std::string("has no \"") + key + '"');
    return nullptr;
}

}  // namespace lintel::acme
