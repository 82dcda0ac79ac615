#pragma once
// Certificates that other programs have obtained, so that whoever moves to Lintel orders none anew.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/records.hpp"

#include <filesystem>
#include <vector>

namespace lintel::acme {

/// The issuer of what was imported.
inline constexpr std::string_view import_issuer_name = "import";

struct import_result {
    std::vector<store::certificate_record> certificates;  ///< of import_issuer_name; each once, keys as PKCS #8
    std::vector<problem> problems;  ///< one for each that is left out: broken, or expired at `now`. No key is in them.
};

/// Traefik's acme.json: of v2 and v3 (by resolver), and the two layouts of v1. An empty file holds none, as for
/// Traefik. A problem when the file can't be read or is anything else.
checked<import_result> read_acme_json(const std::filesystem::path& file,
                                      wall_clock::time_point now = wall_clock::now());

/// The folder `certificates` that Caddy and certmagic keep: ISSUER/NAME/NAME.crt and NAME.key. A problem when it can't
/// be read.
checked<import_result> read_caddy_folder(const std::filesystem::path& certificates,
                                         wall_clock::time_point now = wall_clock::now());

/// Whichever of both it is: acme.json or a folder with it; Caddy's folder `certificates`, its data folder, or the one
/// above (the volume /data of its image).
checked<import_result> import_from(const std::filesystem::path& path, wall_clock::time_point now = wall_clock::now());

}  // namespace lintel::acme
