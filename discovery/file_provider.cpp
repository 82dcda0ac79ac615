#include "discovery/file_provider.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "discovery/folder_watch.hpp"

#include <map>
#include <optional>
#include <set>

#include <sys/stat.h>

namespace lintel::discovery {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// Editors move a file away before they put its new content in place: what is gone for less than this is not gone.
constexpr auto grace = 200ms;

/// *.yml and *.yaml, but not what editors and tools hide.
bool is_routes_file(const fs::path& name)
{
    auto extension = name.extension();
    return (extension == ".yml" || extension == ".yaml") && !name.filename().string().starts_with('.');
}

/// A link is whole from the moment it is there; a file's content comes after its creation.
bool is_link(const fs::path& path)
{
    struct stat facts{};
    if (::lstat(path.c_str(), &facts) != 0) return false;
    return S_ISLNK(facts.st_mode) || (S_ISREG(facts.st_mode) && facts.st_nlink > 1);
}

bool is_folder(const fs::path& path)
{
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

/// A link that other files may lead through, as Kubernetes mounts its configuration.
bool is_passage(const fs::path& path)
{
    std::error_code ignored;
    return fs::is_symlink(path, ignored);
}

bool may_be_certificate(const fs::path& path)
{
    auto extension = path.extension();
    return extension == ".pem" || extension == ".crt" || extension == ".cer" || extension == ".key";
}

}  // namespace

class file_provider::state {
public:
    state(net::event_loop& home, fs::path path, catalogue& into)
        : into_(into), path_(fs::absolute(path).lexically_normal()), watch_(home)
    {
        if (path_.filename().empty()) path_ = path_.parent_path();
        into_.set_state("file", {false, false, "reading " + path_.string(), {}});
    }

    task<void> follow();

private:
    void place_watch();
    fs::path folder_to_watch() const;
    void take(const folder_watch::change& change);

    void read_all();
    void read_those_with_certificates();
    void read(const fs::path& file);
    void missing(const fs::path& file);
    void drop_missing(time_point now);
    bool is_ours(const fs::path& file) const;
    void say();

    catalogue& into_;
    fs::path path_;  ///< absolute
    folder_watch watch_;
    fs::path watched_;                        ///< the folder, or the nearest one above it that exists
    std::optional<problem> unwatched_;        ///< why there is no watch
    std::set<fs::path> known_;                ///< files with a fragment
    std::map<fs::path, problem> bad_;         ///< files that couldn't be read, with their last good fragment in force
    std::map<fs::path, time_point> missing_;  ///< files that are gone, and when that counts
    std::optional<std::pair<std::string, std::vector<problem>>> said_;
};

task<void> file_provider::state::follow()
{
    place_watch();
    read_all();
    for (;;) {
        say();
        auto wake = time_point::max();
        for (const auto& [file, when] : missing_) wake = std::min(wake, when);
        auto changes = co_await watch_.changes(wake);
        for (const auto& change : changes) take(change);
        drop_missing(steady_clock::now());
    }
}

/// The file's folder, or the folder itself; where it doesn't exist, the nearest one above that does.
fs::path file_provider::state::folder_to_watch() const
{
    auto folder = path_;
    while (!is_folder(folder) && folder.has_relative_path()) folder = folder.parent_path();
    return folder;
}

/// Placed before anything is read, so that no change falls between; tried again where the folder went meanwhile.
void file_provider::state::place_watch()
{
    for (int attempt = 0; attempt < 3; ++attempt) {
        watched_ = folder_to_watch();
        auto placed = watch_.watch(watched_);
        unwatched_.reset();
        if (!placed) unwatched_ = problem{watched_.string(), "changes are not seen: " + placed.error().message()};
        if (placed && watched_ == folder_to_watch()) return;
    }
}

void file_provider::state::take(const folder_watch::change& change)
{
    using enum folder_watch::change::kind;
    auto file = watched_ / change.name;
    bool on_the_way = watched_ != path_ && path_.string().starts_with(file.string());
    if (change.what == lost || (on_the_way && file != path_) || (file == path_ && is_folder(file))) {
        place_watch();
        return read_all();
    }
    if (is_ours(file)) {
        if (change.what == gone) missing(file);
        if (change.what == written || (change.what == created && is_link(file))) read(file);
        return;
    }
    // Whatever else happens there is no reason to read routes: somebody may be in the middle of writing them.
    if (change.what != gone && is_passage(file)) return read_all();
    if (change.what == written && may_be_certificate(file)) read_those_with_certificates();
}

bool file_provider::state::is_ours(const fs::path& file) const
{
    if (watched_ == path_) return is_routes_file(file);
    return file == path_;
}

/// What was known and isn't found any more is missing.
void file_provider::state::read_all()
{
    std::set<fs::path> found;
    std::error_code failure;
    if (is_folder(path_)) {
        for (const auto& entry : fs::directory_iterator(path_, failure)) {
            if (is_routes_file(entry.path()) && !is_folder(entry.path())) found.insert(entry.path());
        }
    } else if (fs::exists(path_, failure)) {
        found.insert(path_);
    }
    for (const auto& file : found) read(file);
    auto gone = known_;
    for (const auto& [file, why] : bad_) gone.insert(file);
    for (const auto& file : gone) {
        if (!found.contains(file)) missing(file);
    }
}

/// Certificates lie beside the files that name them: when something else changes there, it may be one of them.
void file_provider::state::read_those_with_certificates()
{
    auto known = known_;
    for (const auto& file : known) {
        const auto& fragment = into_.fragments().at(file.string());
        bool names_files = !fragment.certificates.empty() || !fragment.tls_option_sets.empty() ||
                           !fragment.transports.empty() || !fragment.problems.empty();
        if (names_files) read(file);
    }
}

void file_provider::state::read(const fs::path& file)
{
    auto content = file::read(file);
    if (!content && content.error() == boost::system::errc::no_such_file_or_directory) return missing(file);
    missing_.erase(file);
    auto made = content ? read_routes(*content, file)
                        : std::unexpected(problem{file.string(), "can't be read: " + content.error().message()});
    if (!made) {
        log::warn("routes.bad", {{"where", made.error().where}, {"why", made.error().what}});
        bad_.insert_or_assign(file, std::move(made.error()));
        return;
    }
    bad_.erase(file);
    known_.insert(file);
    into_.put(file.string(), std::move(*made));
}

void file_provider::state::missing(const fs::path& file)
{
    bool counts = known_.contains(file) || bad_.contains(file);
    if (counts) missing_.try_emplace(file, steady_clock::now() + grace);
}

void file_provider::state::drop_missing(time_point now)
{
    for (auto it = missing_.begin(); it != missing_.end();) {
        if (it->second > now) {
            ++it;
            continue;
        }
        known_.erase(it->first);
        bad_.erase(it->first);
        into_.remove(it->first.string());
        it = missing_.erase(it);
    }
}

void file_provider::state::say()
{
    std::error_code ignored;
    bool exists = fs::exists(path_, ignored);
    auto count = known_.size();
    provider_state now{true, exists, path_.string(), {}};
    now.detail +=
        exists ? ": " + std::to_string(count) + (count == 1 ? " file" : " files") : ": no such file or folder";
    if (!exists) now.problems.push_back({path_.string(), "no such file or folder; its routes come when it is created"});
    if (unwatched_) now.problems.push_back(*unwatched_);
    for (const auto& [file, why] : bad_) now.problems.push_back(why);
    auto saying = std::pair(now.detail, now.problems);
    if (said_ == saying) return;
    said_ = std::move(saying);
    into_.set_state("file", std::move(now));
}

file_provider::file_provider(net::event_loop& home, fs::path path, catalogue& into)
    : state_(std::make_unique<state>(home, std::move(path), into))
{
}

file_provider::~file_provider() = default;

task<void> file_provider::run() { co_await state_->follow(); }

}  // namespace lintel::discovery
