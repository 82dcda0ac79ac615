#pragma once
// One map of `issuers:` being read. Internal to acme/issuer_yaml.

#include "base/result.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace YAML {
class Node;
}

namespace lintel::acme {

/// What is wrong with a text; empty where nothing is.
using text_check = std::string(std::string_view text);

/// Each reading call makes its key a known one. A key that isn't written leaves the target alone; a wrong value is
/// reported as "WHERE.KEY" and leaves it alone, too. `problems` outlives it.
class issuer_fields {
public:
    issuer_fields(const YAML::Node& map, std::string where, std::vector<problem>& problems);
    issuer_fields(issuer_fields&&) noexcept;
    ~issuer_fields();

    bool text(const char* key, std::string& into, text_check* check = nullptr);
    void flag(const char* key, bool& into);
    void number(const char* key, int& into, int least, int most);

    /// A list, or one value with commas; none where the key isn't written.
    std::optional<std::vector<std::string>> list(const char* key);

    /// `key` in place, or the content of the file that `key`_file names, without white space around it. Nothing of it
    /// is ever shown.
    void secret(const std::string& key, std::string& into, text_check* check);

    /// The fields of the map below `key`.
    std::optional<issuer_fields> map(const char* key);

    /// `key` may be empty: the map itself.
    void report(std::string_view key, std::string what);

    /// True while nothing was wrong with this map.
    bool is_clean() const { return problems_.size() == problems_before_; }

    /// Reports the keys that no call has asked for.
    void finish();

private:
    const YAML::Node* find(const std::string& key);
    std::optional<std::string> scalar(const std::string& key);

    std::unique_ptr<YAML::Node> map_;
    std::unique_ptr<YAML::Node> found_;
    std::string where_;
    std::vector<problem>& problems_;
    std::size_t problems_before_ = problems_.size();
    std::vector<std::string> known_;
};

/// The position of `name` among `names`; none, and `wrong` says what is known, where it isn't there.
std::optional<std::size_t> choose(std::string_view name, std::span<const std::string> names, std::string& wrong);

}  // namespace lintel::acme
