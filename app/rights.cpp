#include "app/rights.hpp"

#include "base/text.hpp"

#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace lintel::app {

namespace {

constexpr uid_t unnamed_user = 65532;

void must(int returned, const char* what)
{
    if (returned != 0) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

checked<identity> edge_identity(const std::string& wanted)
{
    if (::geteuid() != 0) return identity{::geteuid(), ::getegid(), false};
    if (auto id = text::parse_decimal(wanted)) {
        if (*id == 0) return std::unexpected(problem{"edge_user", "the edge never runs as root; name another user"});
        return identity{static_cast<uid_t>(*id), static_cast<gid_t>(*id), true};
    }
    const auto* entry = ::getpwnam(wanted.empty() ? "lintel" : wanted.c_str());
    if (entry != nullptr && entry->pw_uid != 0) return identity{entry->pw_uid, entry->pw_gid, true};
    if (wanted.empty()) return identity{unnamed_user, unnamed_user, true};
    return std::unexpected(problem{"edge_user", entry != nullptr ? "the edge never runs as root; name another user"
                                                                 : "there is no user " + text::printable(wanted)});
}

void raise_descriptor_limit()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

void drop_rights(const identity& who)
{
    if (who.change) {
        must(::setgroups(0, nullptr), "setgroups");
        must(::setresgid(who.gid, who.gid, who.gid), "setresgid");
        must(::setresuid(who.uid, who.uid, who.uid), "setresuid");
    }
    must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

void end_with(pid_t supervisor)
{
    must(::prctl(PR_SET_PDEATHSIG, SIGTERM), "parent death signal");
    if (::getppid() != supervisor) ::raise(SIGTERM);
}

void give_way()
{
    constexpr int niceness = 5;  // a third of the share of a process that is not nice
    (void)::setpriority(PRIO_PROCESS, 0, niceness);
}

}  // namespace lintel::app
