#pragma once
// Name servers as processes on loopback, the real thing: BIND's named and Knot's knotd, with zones that a test writes.

#include "net/address.hpp"
#include "net/dns_query.hpp"
#include "tests/support/on_worker.hpp"
#include "tests/support/tiny_server.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>

namespace lintel::test {

/// Where a program is; none: not installed.
inline std::optional<std::string> find_program(const std::string& name)
{
    auto* path = std::getenv("PATH");
    std::stringstream folders(std::string(path ? path : "") + ":/usr/sbin:/usr/local/sbin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        auto file = folder + '/' + name;
        if (!folder.empty() && ::access(file.c_str(), X_OK) == 0) return file;
    }
    return {};
}

/// A port that is free now, for TCP and UDP and on each of these addresses.
inline std::uint16_t free_dns_port(const std::vector<std::string>& ips)
{
    for (int i = 0; i < 50; ++i) {
        std::vector<unique_fd> held;
        std::uint16_t port = 0;
        bool all = true;
        for (const auto& ip : ips) {
            for (auto type : {SOCK_STREAM, SOCK_DGRAM}) {
                auto& socket = held.emplace_back(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
                auto wanted = net::address::of_ip(ip, port).value();
                sockaddr_storage raw{};
                socklen_t length = sizeof raw;
                auto* where = reinterpret_cast<sockaddr*>(&raw);
                all = all && ::bind(socket.get(), wanted.raw(), wanted.length()) == 0 &&
                      ::getsockname(socket.get(), where, &length) == 0;
                if (all) port = net::address(where, length).port();
            }
        }
        if (all) return port;
    }
    throw std::runtime_error("no port for a name server");
}

/// One process with a folder of its own; ends with its owner, and with the test if that dies.
class name_daemon {
public:
    name_daemon(const std::string& ip, std::uint16_t port) : where_(net::address::of_ip(ip, port).value()) {}
    ~name_daemon()
    {
        if (pid_ == 0) return;
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    name_daemon(const name_daemon&) = delete;

    const net::address& where() const { return where_; }
    std::string folder(const std::string& name) const { return folder_ / name; }
    void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }

    /// Returns when it answers for `zone`; throws where that doesn't come.
    void start(std::vector<std::string> command, const std::string& zone)
    {
        auto log = folder_ / "log";
        std::vector<char*> raw;
        for (auto& each : command) raw.push_back(each.data());
        raw.push_back(nullptr);
        auto pid = ::fork();
        if (pid < 0) throw std::runtime_error("fork");
        if (pid == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            auto output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
            for (int each : {1, 2}) ::dup2(output, each);
            ::execv(raw[0], raw.data());
            ::_exit(127);
        }
        pid_ = pid;
        if (!answers_for(zone)) throw std::runtime_error(command[0] + " does not start: " + this->log());
    }

    std::string log() const
    {
        std::ifstream file(folder_ / "log");
        return {std::istreambuf_iterator<char>(file), {}};
    }

private:
    bool answers_for(const std::string& zone)
    {
        net::worker loop;
        std::vector<net::address> servers{where_};
        auto deadline = steady_clock::now() + std::chrono::seconds(20);
        while (steady_clock::now() < deadline) {
            if (::waitpid(pid_, nullptr, WNOHANG) != 0) {
                pid_ = 0;
                return false;
            }
            auto asked = net::query(loop, servers, zone, net::dns_type::soa, false, std::chrono::milliseconds(300));
            if (outcome_of(loop, std::move(asked)).what == net::dns_reply::kind::found) return true;
            let_pass(loop, std::chrono::milliseconds(20));
        }
        return false;
    }

    temporary_folder folder_;
    net::address where_;
    pid_t pid_ = 0;
};

/// A primary server of zones.
class bind_server {
public:
    struct zone {
        std::string name;
        std::string options;  ///< "allow-update { key k; };"
        std::string records;  ///< besides the SOA
    };

    /// `keys`: key statements of named.conf. named listens on addresses of interfaces only, so on 127.0.0.1.
    bind_server(const std::string& program, std::uint16_t port, const std::string& keys, const std::vector<zone>& zones)
        : daemon_("127.0.0.1", port)
    {
        auto config =
            "options {\n directory \"" + daemon_.folder("") + "\";\n listen-on port " + std::to_string(port) +
            " { 127.0.0.1; };\n listen-on-v6 { none; };\n pid-file none; lock-file none;\n session-keyfile \"" +
            daemon_.folder("session.key") + "\";\n recursion no; dnssec-validation no;\n" +
            " notify explicit; notify-delay 1; allow-transfer { any; };\n};\ncontrols { };\n" + keys;
        for (const auto& each : zones) {
            auto file = each.name + ".zone";
            config += "zone \"" + each.name + "\" { type primary; file \"" + file + "\"; " + each.options + " };\n";
            daemon_.write(file, zone_text(each.name, each.records));
        }
        daemon_.write("named.conf", config);
        // Debian's AppArmor profile goes by the path of the program and forbids it our folder.
        auto copy = daemon_.folder("named");
        std::filesystem::copy_file(program, copy);
        daemon_.start({copy, "-g", "-4", "-n", "1", "-c", daemon_.folder("named.conf")}, zones.front().name);
    }

    static std::string zone_text(const std::string& name, const std::string& records)
    {
        return "$TTL 60\n$ORIGIN " + name + ".\n@ SOA ns1 root 1 3600 60 86400 60\n" + records;
    }

    const net::address& where() const { return daemon_.where(); }

private:
    name_daemon daemon_;
};

}  // namespace lintel::test
