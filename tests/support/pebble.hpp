#pragma once
// A real CA for tests: Let's Encrypt's pebble on loopback, in a folder of its own.

#include "base/file.hpp"
#include "tests/support/tiny_server.hpp"
#include "tls/local_ca.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace lintel::test {

/// Path of the first `program` on PATH; empty when there is none.
inline std::string on_path(const std::string& program)
{
    const char* folders = std::getenv("PATH");
    std::istringstream all(folders != nullptr ? folders : "");
    for (std::string folder; std::getline(all, folder, ':');) {
        auto path = folder + '/' + program;
        if (::access(path.c_str(), X_OK) == 0) return path;
    }
    return {};
}

/// Free at the moment of asking, each another one.
inline std::vector<int> free_ports(std::size_t count)
{
    std::vector<unique_fd> held;
    std::vector<int> ports;
    for (std::size_t i = 0; i < count; ++i) {
        held.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof where;
        auto* raw = reinterpret_cast<sockaddr*>(&where);
        if (::bind(held.back().get(), raw, length) != 0 || ::getsockname(held.back().get(), raw, &length) != 0)
            throw std::runtime_error("no free port");
        ports.push_back(ntohs(where.sin_port));
    }
    return ports;
}

/// Runs until destroyed. Validations always succeed, at once; every account's orders come two a page; certificates
/// have an alternate chain. Needs `pebble` on PATH.
class pebble {
public:
    /// `environment`: further settings, "PEBBLE_…=…"; `config`: further members of its configuration, `,"key":…`.
    explicit pebble(std::vector<std::string> environment = {}, const std::string& config = "") : ports_(free_ports(4))
    {
        auto issued = tls::local_ca::open(folder_.path()).value().issue("127.0.0.1");
        file::write_atomically(folder_ / "chain.pem", issued.chain_pem, 0600).value();
        file::write_atomically(folder_ / "key.pem", issued.key_pem, 0600).value();
        file::write_atomically(folder_ / "pebble.json", configuration(config), 0600).value();
        for (const char* each : {"PEBBLE_VA_NOSLEEP=1", "PEBBLE_VA_ALWAYS_VALID=1", "PEBBLE_AUTHZREUSE=0",
                                 "PEBBLE_ALTERNATE_ROOTS=1", "PEBBLE_CHAIN_LENGTH=2", "PEBBLE_WFE_ORDERS_PER_PAGE=2"}) {
            environment.emplace_back(each);
        }
        start(std::move(environment));
    }
    ~pebble()
    {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    pebble(const pebble&) = delete;

    std::string directory() const { return at(ports_[0]) + "/dir"; }
    std::string management() const { return at(ports_[1]); }
    std::string ca_file() const { return folder_ / "ca.pem"; }
    std::string log() const { return file::read(folder_ / "pebble.log").value(); }

private:
    static std::string at(int port) { return "https://127.0.0.1:" + std::to_string(port); }

    std::string configuration(const std::string& further) const
    {
        auto address = [&](int which) { return R"("127.0.0.1:)" + std::to_string(ports_[which]) + '"'; };
        return R"({"pebble":{"listenAddress":)" + address(0) + R"(,"managementListenAddress":)" + address(1) +
               R"(,"certificate":")" + folder_ / "chain.pem" + R"(","privateKey":")" + folder_ / "key.pem" +
               R"(","httpPort":)" + std::to_string(ports_[2]) + R"(,"tlsPort":)" + std::to_string(ports_[3]) +
               R"(,"ocspResponderURL":"","keyAlgorithm":"ecdsa","domainBlocklist":["blocked.example"],)"
               R"("retryAfter":{"authz":1,"order":1},"profiles":{"classic":{"description":"90 days",)"
               R"("validityPeriod":7776000},"shortlived":{"description":"6 days","validityPeriod":518400}})" +
               further + "}}";
    }

    void start(std::vector<std::string> environment)
    {
        auto program = on_path("pebble"), config = folder_ / "pebble.json", output = folder_ / "pebble.log";
        std::vector<std::string> words{program, "-config", config, "-strict=true"};
        std::vector<char*> arguments, settings;
        for (auto& each : words) arguments.push_back(each.data());
        for (auto& each : environment) settings.push_back(each.data());
        arguments.push_back(nullptr);
        settings.push_back(nullptr);
        process_ = ::fork();
        if (process_ < 0) throw std::runtime_error("no process for pebble");
        if (process_ > 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        auto log = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ::dup2(log, 1);
        ::dup2(log, 2);
        ::execve(program.c_str(), arguments.data(), settings.data());
        ::_exit(127);
    }

    temporary_folder folder_;
    std::vector<int> ports_;
    pid_t process_ = 0;
};

}  // namespace lintel::test
