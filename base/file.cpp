#include "base/file.hpp"

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>

namespace lintel::file {

namespace {

error_code last_error() { return {errno, boost::system::system_category()}; }

result<void> write_all(int descriptor, std::string_view content)
{
    while (!content.empty()) {
        auto written = ::write(descriptor, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return last_error();
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

result<void> sync_folder(const std::filesystem::path& folder)
{
    unique_fd handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!handle || ::fsync(handle.get()) != 0) return last_error();
    return {};
}

}  // namespace

result<std::string> read(const std::filesystem::path& path)
{
    unique_fd handle(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!handle) return last_error();
    std::string content;
    for (;;) {
        constexpr std::size_t step = 64 * 1024;
        auto filled = content.size();
        content.resize(filled + step);
        auto count = ::read(handle.get(), content.data() + filled, step);
        content.resize(filled + static_cast<std::size_t>(count > 0 ? count : 0));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return last_error();
        if (count == 0) return content;
    }
}

result<void> write_atomically(const std::filesystem::path& path, std::string_view content, mode_t mode,
                              durability wanted)
{
    auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    auto temporary = path.string() + ".XXXXXX";
    unique_fd handle(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!handle) return last_error();

    auto written = ::fchmod(handle.get(), mode) == 0 ? write_all(handle.get(), content) : result<void>(last_error());
    bool sync = wanted == durability::synced;
    if (written && sync && ::fsync(handle.get()) != 0) written = last_error();
    if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = last_error();
    if (!written) {
        ::unlink(temporary.c_str());
        return written;
    }
    return sync ? sync_folder(folder) : written;
}

result<void> make_folder(const std::filesystem::path& path, mode_t mode)
{
    std::error_code failure;
    std::filesystem::create_directories(path, failure);
    if (failure) return error_code(failure.value(), boost::system::system_category());
    if (::chmod(path.c_str(), mode) != 0) return last_error();
    return {};
}

}  // namespace lintel::file
