#pragma once
// What `lintel run` can be told: one table of keys, each a key of lintel.yaml, a flag and an environment variable.

#include "acme/issuer.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "model/entrypoint.hpp"
#include "proxy/settings.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::app {

struct settings {
    std::vector<model::entrypoint> entrypoints;  ///< `http` and `https` first
    std::string state = "/var/lib/lintel";
    std::string routes;         ///< file or folder; empty = none
    std::string engine_socket;  ///< empty = off
    std::string network;
    bool exposed_by_default = true;
    std::string access_log = "off";  ///< path, "-" or "off"
    log::level log_level = log::level::info;
    log::format log_format = log::format::human;
    std::string edge_user;  ///< name or uid; empty: "lintel", else 65532
    duration drain_timeout = std::chrono::seconds(30);
    acme::certificate_settings certificates;
    proxy::settings edge;  ///< entrypoints are copied in last
};

/// One key. `apply` writes a text into the settings; what it returns is empty or says what is wrong with the text.
struct option {
    std::string_view key;       ///< as in lintel.yaml; the flag is --key with dashes, the variable LINTEL_KEY
    std::string_view value;     ///< placeholder for --help
    std::string_view standard;  ///< the default, as it would be written
    std::string_view help;
    std::string (*apply)(settings&, std::string_view);
};
std::span<const option> options();
const option* find_option(std::string_view key);

std::string flag_of(const option& which);
std::string variable_of(const option& which);

/// The texts that were chosen, by key, each with the place it comes from. This, and not the struct, is what the
/// supervisor hands to its children: both sides read it through the same table.
struct chosen_text {
    std::string text;
    std::string where;  ///< "lintel.yaml:3:7", "--http", "LINTEL_HTTP"

    bool operator==(const chosen_text&) const = default;
};
using chosen_settings = std::map<std::string, chosen_text>;

/// Defaults, then what was chosen. All mistakes at once.
std::expected<settings, std::vector<problem>> build(const chosen_settings& chosen);

/// What each role is told. The edge has nothing to do with issuers and gets none of their secrets; control gets them in
/// place, so that it can be started again when the files that they stood in are gone.
chosen_settings settings_for_edge(chosen_settings chosen);
chosen_settings settings_for_control(chosen_settings chosen);

/// Reads lintel.yaml into texts. Unknown keys are problems that name the nearest known key; `where` is
/// file:line:column.
std::expected<chosen_settings, std::vector<problem>> read_config_file(const std::string& path);

/// The LINTEL_… variables of this process.
chosen_settings read_environment();

}  // namespace lintel::app
