#include "app/commands.hpp"

#include "app/admin_call.hpp"
#include "app/exit_status.hpp"
#include "app/tables.hpp"
#include "base/file.hpp"
#include "discovery/file_provider.hpp"
#include "discovery/merge.hpp"

#include <cerrno>
#include <cstdio>
#include <iostream>

#include <unistd.h>

namespace lintel::app {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> route_files(const fs::path& path)
{
    if (!fs::is_directory(path)) return {path};
    std::vector<fs::path> files;
    for (const auto& each : fs::directory_iterator(path)) {
        auto extension = each.path().extension();
        bool hidden = each.path().filename().string().starts_with(".");
        if (!hidden && (extension == ".yml" || extension == ".yaml")) files.push_back(each.path());
    }
    std::ranges::sort(files);
    return files;
}

void print(const problem& one) { std::cerr << one.where << ": " << one.what << "\n"; }

/// Adds one file to `all`; false, and said so, when it can't be read at all.
bool check_file(const fs::path& path, std::map<std::string, discovery::fragment>& all)
{
    auto text = file::read(path);
    if (!text) {
        print({path.string(), "can't be read: " + text.error().message()});
        return false;
    }
    auto read = discovery::read_routes(*text, path);
    if (!read) {
        print(read.error());
        return false;
    }
    all.emplace(path.string(), std::move(*read));
    return true;
}

}  // namespace

int ask(const std::string& state, const std::string& path, output how)
{
    auto got = call_admin(state, path);
    if (!got) return exit_status::no_daemon;
    std::cout << (how == output::json ? got->body : table_of(path, got->body));
    return got->status == 200 ? exit_status::success : exit_status::failure;
}

/// Files that are opened only when they are needed. A run goes on without them, and says so then.
bool check_certificate_files(const acme::certificate_settings& settings)
{
    std::vector<std::string> paths = settings.imports;
    for (const auto& [name, issuer] : settings.issuers) {
        if (!issuer.ca_file.empty()) paths.push_back(issuer.ca_file);
    }
    bool readable = true;
    for (const auto& path : paths) {
        if (::access(path.c_str(), R_OK) == 0) continue;
        print({path, "can't be read: " + error_code(errno, boost::system::system_category()).message()});
        readable = false;
    }
    return readable;
}

int check(const settings& parsed)
{
    bool readable = check_certificate_files(parsed.certificates);
    std::map<std::string, discovery::fragment> all;
    if (!parsed.routes.empty()) {
        for (const auto& each : route_files(parsed.routes)) readable = check_file(each, all) && readable;
    }
    // What the files mean together: references, entrypoints, conflicts.
    auto problems = discovery::merge(all, parsed.entrypoints).problems;
    for (const auto& each : problems) print(each);
    if (!readable || !problems.empty()) return exit_status::bad_config;
    std::cout << "The configuration is good.\n";
    return exit_status::success;
}

int print_ca(const std::string& state)
{
    auto path = fs::path(state) / "ca.pem";
    auto pem = file::read(path);
    if (!pem) {
        std::cerr << "lintel: " << path.string() << ": " << pem.error().message()
                  << "; the local CA is made at the first `lintel run` with this state folder (--state)\n";
        return exit_status::failure;
    }
    std::cout << *pem;
    return exit_status::success;
}

}  // namespace lintel::app
