#include "net/port_owner.hpp"

#include "base/text.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace lintel::net {

namespace {

namespace fs = std::filesystem;

/// The inodes of sockets that listen on `port`, from /proc/net/tcp and tcp6 (proc(5)).
std::vector<std::string> listening_inodes(std::uint16_t port)
{
    std::vector<std::string> inodes;
    for (const auto* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream rows(table);
        std::string row;
        std::getline(rows, row);
        while (std::getline(rows, row)) {
            std::istringstream columns(row);
            std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
            columns >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
            auto colon = local.rfind(':');
            constexpr std::string_view listen_state = "0A";
            if (state != listen_state || colon == std::string::npos) continue;
            if (std::stoul(local.substr(colon + 1), nullptr, 16) == port) inodes.push_back("socket:[" + inode + "]");
        }
    }
    return inodes;
}

bool holds(const fs::path& process, const std::vector<std::string>& inodes)
{
    std::error_code failure;
    for (fs::directory_iterator it(process / "fd", failure), end; !failure && it != end; it.increment(failure)) {
        std::error_code unreadable;
        auto target = fs::read_symlink(it->path(), unreadable).string();
        if (std::ranges::find(inodes, target) != inodes.end()) return true;
    }
    return false;
}

}  // namespace

std::string describe_port_owner(std::uint16_t port)
{
    auto inodes = listening_inodes(port);
    if (inodes.empty()) return "";
    std::error_code failure;
    for (fs::directory_iterator it("/proc", failure), end; !failure && it != end; it.increment(failure)) {
        auto pid = it->path().filename().string();
        if (!text::parse_decimal(pid) || !holds(it->path(), inodes)) continue;
        std::string name;
        std::ifstream command(it->path() / "comm");
        std::getline(command, name);
        return name + " (pid " + pid + ")";
    }
    return "";
}

}  // namespace lintel::net
