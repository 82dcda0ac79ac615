#include "app/state_folder.hpp"

#include "base/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <cerrno>

namespace lintel::app {

checked<unique_fd> take_state_folder(const std::filesystem::path& state)
{
    if (auto made = file::make_folder(state, 0711); !made) {
        auto hint = made.error() == boost::system::errc::permission_denied ? "; choose another with --state" : "";
        return std::unexpected(problem{state.string(), "can't use the state folder: " + made.error().message() + hint});
    }
    auto path = state / "lock";
    unique_fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) {
        auto why = error_code(errno, boost::system::system_category()).message();
        return std::unexpected(problem{path.string(), "can't open the lock: " + why});
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        auto holder = file::read(path);
        auto pid = holder ? holder->substr(0, holder->find('\n')) : std::string();
        auto who = pid.empty() ? "another lintel" : "lintel (pid " + pid + ")";
        return std::unexpected(
            problem{state.string(), "is in use by " + who + "; stop it or choose another with --state"});
    }
    auto pid = std::to_string(::getpid()) + "\n";
    bool written = ::ftruncate(lock.get(), 0) == 0 && ::pwrite(lock.get(), pid.data(), pid.size(), 0) > 0;
    if (!written) return std::unexpected(problem{path.string(), "can't write the lock: is the disk full?"});
    return lock;
}

}  // namespace lintel::app
