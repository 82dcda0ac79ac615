#include "app/ca_trust.hpp"

#include "app/exit_status.hpp"
#include "base/crypto.hpp"
#include "base/file.hpp"

#include <filesystem>
#include <iostream>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lintel::app {

namespace fs = std::filesystem;

namespace {

using arguments = std::vector<std::string>;

enum class outcome { good, failed, missing };

/// Runs a program of PATH, without a shell, and waits for it. Quietly: what went wrong is ours to say.
outcome run(const arguments& command)
{
    std::vector<char*> argv;
    for (const auto& each : command) argv.push_back(const_cast<char*>(each.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0);
    pid_t pid = 0;
    int failure = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) return failure == ENOENT ? outcome::missing : outcome::failed;
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) return outcome::missing;
    return clean ? outcome::good : outcome::failed;
}

void say(const std::string& line) { std::cout << line << "\n"; }

/// The local CA, and what it is called in stores: two Lintels of one machine have two names.
struct authority {
    fs::path file;
    std::string pem;
    std::string tag;

    std::string nickname() const { return "Lintel local CA " + tag; }
    std::string file_name() const { return "lintel-local-ca-" + tag + ".crt"; }
};

/// Debian's and Ubuntu's store, which curl, git, Python and most others read.
class system_store {
public:
    system_store(const authority& ca, const std::string& root) : ca_(ca), root_(root) {}

    bool install()
    {
        if (!allowed()) return tell_root("--install");
        auto known = file::read(path());
        // The file may be there of a try whose update failed.
        if (known && *known == ca_.pem) return update("has it already (" + path().string() + ")");
        std::error_code failure;
        fs::create_directories(folder(), failure);
        if (auto written = file::write_atomically(path(), ca_.pem, 0644); !written)
            return say("system store: can't write " + path().string() + ": " + written.error().message()), false;
        return update("added " + path().string());
    }

    bool remove()
    {
        std::error_code failure;
        bool known = fs::exists(path(), failure);
        if (!allowed()) return known ? tell_root("--remove") : (say("system store: it isn't there"), true);
        if (!known) return update("it isn't there");
        if (!fs::remove(path(), failure))
            return say("system store: can't remove " + path().string() + ": " + failure.message()), false;
        return update("removed " + path().string());
    }

private:
    fs::path folder() const { return fs::path(root_ + "/usr/local/share/ca-certificates"); }
    fs::path path() const { return folder() / ca_.file_name(); }
    bool allowed() const { return !root_.empty() || ::geteuid() == 0; }

    static bool tell_root(const std::string& flag)
    {
        say("system store: only root may change it; run: sudo lintel ca trust " + flag);
        return true;
    }

    bool update(const std::string& done) const
    {
        arguments command{"update-ca-certificates"};
        if (!root_.empty()) {
            std::error_code failure;
            fs::create_directories(root_ + "/etc/ssl/certs", failure);
            command.insert(command.end(), {"--localcertsdir", folder().string(), "--etccertsdir",
                                           root_ + "/etc/ssl/certs", "--hooksdir", root_ + "/etc/ca-certificates"});
        }
        auto ran = run(command);
        if (ran == outcome::good) return say("system store: " + done), true;
        auto why =
            ran == outcome::missing ? "update-ca-certificates is not installed" : "update-ca-certificates failed";
        return say("system store: " + done + ", but " + why), false;
    }

    const authority& ca_;
    const std::string& root_;
};

/// The databases of Chromium and Firefox, one for each profile of a user.
class browser_stores {
public:
    browser_stores(const authority& ca, const std::string& home) : ca_(ca), home_(home) {}

    bool install()
    {
        return for_each([this](const arguments& database, const std::string& where) {
            if (has(database)) return say("browsers: has it already (" + where + ")"), true;
            auto added = run(with(database, {"-A", "-t", "C,,", "-n", ca_.nickname(), "-i", ca_.file.string()}));
            return report(added, "added to " + where, "certutil can't add it to " + where);
        });
    }

    bool remove()
    {
        return for_each([this](const arguments& database, const std::string& where) {
            if (!has(database)) return say("browsers: it isn't in " + where), true;
            auto removed = run(with(database, {"-D", "-n", ca_.nickname()}));
            return report(removed, "removed from " + where, "certutil can't remove it from " + where);
        });
    }

private:
    template <class Work>
    bool for_each(Work work)
    {
        auto all = databases();
        if (all.empty()) return say("browsers: no profile of Chromium or Firefox below " + home_), true;
        if (run({"certutil", "-H"}) == outcome::missing)
            return say("browsers: certutil is not installed; apt-get install libnss3-tools, then run this again"), true;
        bool good = true;
        for (const auto& each : all) good = work({"certutil", "-d", "sql:" + each.string()}, each.string()) && good;
        return good;
    }

    std::vector<fs::path> databases() const
    {
        std::vector<fs::path> found;
        std::error_code failure;
        auto add = [&](const fs::path& folder) {
            if (fs::exists(folder / "cert9.db", failure)) found.push_back(folder);
        };
        if (home_.empty()) return found;
        add(fs::path(home_) / ".pki/nssdb");
        for (const auto* profiles : {".mozilla/firefox", "snap/firefox/common/.mozilla/firefox"}) {
            for (const auto& each : fs::directory_iterator(fs::path(home_) / profiles, failure)) add(each.path());
        }
        return found;
    }

    bool has(const arguments& database) const
    {
        return run(with(database, {"-L", "-n", ca_.nickname()})) == outcome::good;
    }

    static bool report(outcome what, const std::string& done, const std::string& failed)
    {
        say("browsers: " + (what == outcome::good ? done : failed));
        return what == outcome::good;
    }

    static arguments with(arguments command, const arguments& more)
    {
        command.insert(command.end(), more.begin(), more.end());
        return command;
    }

    const authority& ca_;
    const std::string& home_;
};

void explain(const authority& ca)
{
    auto file = ca.file.string();
    std::cout << "The local CA is " << file << ". Who trusts it trusts every certificate that its key signs;\n"
              << "that key (ca-key.pem beside it) never leaves this machine.\n\n"
              << "  this machine      sudo lintel ca trust --install, then without sudo for your browsers (--remove "
                 "undoes it)\n"
              << "  curl, once        curl --cacert " << file << " https://…\n"
              << "  Debian, Ubuntu    cp " << file << " /usr/local/share/ca-certificates/" << ca.file_name()
              << " && update-ca-certificates\n"
              << "  Chromium          certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n \"" << ca.nickname() << "\" -i "
              << file << "\n"
              << "  Firefox           the same with -d sql:PROFILE, or Settings > Certificates > Authorities > Import\n"
              << "  macOS             security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain "
                 "ca.pem\n"
              << "  elsewhere         lintel ca > ca.pem, and import that file\n";
}

}  // namespace

int trust_ca(const trust_places& where, trust_action what)
{
    authority ca{fs::absolute(fs::path(where.state) / "ca.pem"), "", ""};
    auto pem = file::read(ca.file);
    if (!pem) {
        std::cerr << "lintel: " << ca.file.string() << ": " << pem.error().message()
                  << "; the local CA is made at the first `lintel run` with this state folder (--state)\n";
        return exit_status::failure;
    }
    ca.pem = std::move(*pem);
    ca.tag = crypto::sha256_hex(ca.pem).substr(0, 8);
    if (what == trust_action::explain) {
        explain(ca);
        return exit_status::success;
    }
    system_store system(ca, where.root);
    browser_stores browsers(ca, where.home);
    bool installs = what == trust_action::install;
    bool good = installs ? system.install() : system.remove();
    good = (installs ? browsers.install() : browsers.remove()) && good;
    return good ? exit_status::success : exit_status::failure;
}

}  // namespace lintel::app
