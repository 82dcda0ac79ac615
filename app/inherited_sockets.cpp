#include "app/inherited_sockets.hpp"

#include "base/text.hpp"
#include "model/entrypoint.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <cstdlib>

namespace lintel::app {

std::map<std::string, std::vector<unique_fd>> take_inherited_sockets()
{
    std::map<std::string, std::vector<unique_fd>> sockets;
    const char* pid = std::getenv("LISTEN_PID");
    const char* count = std::getenv("LISTEN_FDS");
    const char* names = std::getenv("LISTEN_FDNAMES");
    bool meant = pid != nullptr && count != nullptr && std::to_string(::getpid()) == pid;
    auto total = meant ? text::parse_decimal(count).value_or(0) : 0;
    auto named = names != nullptr ? text::split(names, ':') : std::vector<std::string_view>{"http", "https"};
    constexpr int first = 3;
    for (std::uint64_t i = 0; i < total; ++i) {
        unique_fd socket(first + static_cast<int>(i));
        ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
        ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
        if (i < named.size()) sockets[std::string(model::canonical_entrypoint(named[i]))].push_back(std::move(socket));
    }
    for (const auto* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(variable);
    return sockets;
}

}  // namespace lintel::app
