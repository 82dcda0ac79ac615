#pragma once
// Reading the members of one JSON object, with a sentence about the first one that is wrong.

#include "acme/url_rule.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::acme {

enum class presence { needed, optional };

/// Where the first complaint of a whole answer ends up.
using complaint = std::optional<std::string>;

/// Absent members, null, and what is wrong read as empty; null counts as absent. The object and the complaint must
/// outlive it.
class json_reader {
public:
    /// `name`: what the object is, as a sentence goes on: "the order".
    json_reader(const nlohmann::json& object, std::string name, complaint& wrong);

    std::string text(const char* key, presence needed);
    std::string url(const char* key, const url_rule& urls, presence needed);
    std::vector<std::string> urls(const char* key, const url_rule& urls, presence needed);
    /// Those of an optional array that are strings.
    std::vector<std::string> texts(const char* key);
    bool flag(const char* key);

    /// Calls `each` for the objects of an array; for an optional single object, see `object`.
    void objects(const char* key, const std::string& name, presence needed,
                 const std::function<void(json_reader&)>& each);

    /// Null when it is absent or no object.
    const nlohmann::json* object(const char* key, presence needed);

    /// "the order's status is …": keeps the first one.
    void complain(std::string what);

    complaint& wrong() { return wrong_; }

private:
    const nlohmann::json* member(const char* key, presence needed);

    const nlohmann::json& object_;
    std::string name_;
    complaint& wrong_;
};

}  // namespace lintel::acme
