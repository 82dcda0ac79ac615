#pragma once
// A real name server on loopback whose answers a test decides. UDP, and TCP for what is longer than 512 bytes.

#include "base/unique_fd.hpp"
#include "net/address.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace lintel::test {

/// Thread-safe. What it was told nothing about does not exist (NXDOMAIN).
class dns_server {
public:
    enum class mood { answers, fails, silent };

    dns_server()
        : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
          listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in local{};
        local.sin_family = AF_INET;
        local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof local;
        auto* where = reinterpret_cast<sockaddr*>(&local);
        int on = 1;
        ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        bool bound = ::bind(listener_.get(), where, length) == 0 && ::listen(listener_.get(), 8) == 0 &&
                     ::getsockname(listener_.get(), where, &length) == 0 && ::bind(socket_.get(), where, length) == 0;
        if (!bound) throw std::runtime_error("no port for the name server");
        where_ = net::address(where, length);
        thread_ = std::thread([this] { serve(); });
    }

    ~dns_server()
    {
        ending_ = true;
        thread_.join();
    }
    dns_server(const dns_server&) = delete;

    std::vector<net::address> where() const { return {where_}; }

    void set(const std::string& name, std::vector<std::string> ips, std::uint32_t ttl = 60)
    {
        std::lock_guard hold(guard_);
        names_[name] = {std::move(ips), ttl};
    }
    /// One more CAA record (RFC 8659 §4.1) of a name.
    void add_caa(const std::string& name, unsigned char flags, const std::string& tag, const std::string& value)
    {
        std::lock_guard hold(guard_);
        std::string data{static_cast<char>(flags), static_cast<char>(tag.size())};
        names_.try_emplace(name).first->second.caa.push_back(data + tag + value);
    }
    /// The name becomes an alias; only that is ever said of it, as an authority's server for the one zone would.
    void set_alias(const std::string& name, const std::string& target)
    {
        std::lock_guard hold(guard_);
        names_[name].alias = target;
    }
    void forget(const std::string& name)
    {
        std::lock_guard hold(guard_);
        names_.erase(name);
    }
    void be(mood what) { mood_ = what; }

    /// As be(), for questions of one type only (1: A, 28: AAAA).
    void be(mood what, unsigned type)
    {
        mood_of_type_ = what;
        type_ = type;
    }

    /// From now on what `script` makes of a question is the answer; "" is none.
    void follow(std::function<std::string(const std::string& question)> script)
    {
        std::lock_guard hold(guard_);
        script_ = std::move(script);
    }

    /// Questions that came, two for each name that is looked up.
    int questions() const { return questions_; }
    int questions_over_tcp() const { return over_tcp_; }

private:
    struct record {
        std::vector<std::string> ips;
        std::uint32_t ttl = 60;
        std::vector<std::string> caa{};  ///< as on the wire
        std::string alias{};             ///< empty: none
    };

    void serve()
    {
        while (!ending_) {
            std::array<pollfd, 2> both{{{socket_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}}};
            if (::poll(both.data(), both.size(), 10) <= 0) continue;
            if (both[0].revents != 0) serve_datagram();
            if (both[1].revents != 0) serve_connection();
        }
    }

    void serve_datagram()
    {
        std::string question(512, '\0');
        sockaddr_storage from{};
        socklen_t length = sizeof from;
        auto* whom = reinterpret_cast<sockaddr*>(&from);
        auto count = ::recvfrom(socket_.get(), question.data(), question.size(), 0, whom, &length);
        if (count < 17) return;
        question.resize(static_cast<std::size_t>(count));
        ++questions_;
        auto answer = answer_to(question);
        if (answer.size() > 512) {
            answer.resize(question.size());
            answer[2] |= '\2';  // truncated: ask over TCP
            answer[7] = '\0';   // no answers in this one
        }
        if (!answer.empty()) ::sendto(socket_.get(), answer.data(), answer.size(), 0, whom, length);
    }

    /// Questions on one connection until the client has no more; each has its length before it.
    void serve_connection()
    {
        unique_fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        timeval patience{5, 0};
        ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        for (;;) {
            std::array<unsigned char, 2> size{};
            if (::recv(client.get(), size.data(), size.size(), MSG_WAITALL) != 2) return;
            std::string question(size[0] * 256U + size[1], '\0');
            if (::recv(client.get(), question.data(), question.size(), MSG_WAITALL) < 17) return;
            ++over_tcp_;
            auto answer = answer_to(question);
            std::string out{static_cast<char>(answer.size() / 256), static_cast<char>(answer.size() % 256)};
            out += answer;
            ::send(client.get(), out.data(), out.size(), MSG_NOSIGNAL);
        }
    }

    /// RFC 1035 §4.1. `question`: one question as c-ares sends it.
    std::string answer_to(const std::string& question)
    {
        if (std::lock_guard hold(guard_); script_) return script_(question);
        std::string name;
        std::size_t at = 12;
        while (question.at(at) != 0) {
            auto label = static_cast<unsigned char>(question[at]);
            if (!name.empty()) name += '.';
            name += question.substr(at + 1, label);
            at += 1U + label;
        }
        auto type =
            static_cast<unsigned char>(question.at(at + 1)) * 256U + static_cast<unsigned char>(question.at(at + 2));
        auto mood = type == type_ ? mood_of_type_.load() : mood_.load();
        if (mood == mood::silent) return "";

        std::lock_guard hold(guard_);
        auto known = names_.find(name);
        char code = mood == mood::fails ? '\2' : known == names_.end() ? '\3' : '\0';
        std::string records;
        char count = 0;
        if (code == 0) {
            for (const auto& each : known->second.ips) {
                bool v6 = each.contains(':');
                if (type != (v6 ? 28 : 1)) continue;
                records += resource(each, v6, known->second.ttl);
                ++count;
            }
            if (const auto& alias = known->second.alias; !alias.empty()) {
                records += resource_of(5, in_labels(alias));
                ++count;
            }
            for (const auto& each : known->second.caa) {
                if (type != 257) continue;
                records += resource_of(257, each);
                ++count;
            }
        }
        std::string head = question.substr(0, 2) + '\x84' + code;  // an authority's answer
        head += {'\0', '\1', '\0', count, '\0', '\0', '\0', '\0'};
        return head + question.substr(12, at + 5 - 12) + records;
    }

    /// A record of the name in question that lives for a minute.
    static std::string resource_of(unsigned type, const std::string& data)
    {
        std::string out{'\xC0', '\x0C', static_cast<char>(type / 256), static_cast<char>(type % 256), '\0', '\1'};
        out += {'\0', '\0', '\0', '\x3C', '\0', static_cast<char>(data.size())};
        return out + data;
    }

    static std::string in_labels(const std::string& name)
    {
        std::string out;
        for (std::size_t at = 0; at <= name.size();) {
            auto end = std::min(name.find('.', at), name.size());
            out += static_cast<char>(end - at) + name.substr(at, end - at);
            at = end + 1;
        }
        return out + '\0';
    }

    static std::string resource(const std::string& ip, bool v6, std::uint32_t ttl)
    {
        std::string bytes(v6 ? 16 : 4, '\0');
        if (::inet_pton(v6 ? AF_INET6 : AF_INET, ip.c_str(), bytes.data()) != 1) throw std::runtime_error(ip);
        std::string out{'\xC0', '\x0C', '\0', v6 ? '\x1C' : '\1', '\0', '\1'};
        for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(ttl >> shift & 0xFF);
        out += {'\0', static_cast<char>(bytes.size())};
        return out + bytes;
    }

    unique_fd socket_, listener_;
    net::address where_;
    std::atomic<bool> ending_ = false;
    std::atomic<int> questions_ = 0, over_tcp_ = 0;
    std::atomic<mood> mood_ = mood::answers, mood_of_type_ = mood::answers;
    std::atomic<unsigned> type_ = 0;
    std::mutex guard_;
    std::map<std::string, record> names_;
    std::function<std::string(const std::string&)> script_;
    std::thread thread_;
};

}  // namespace lintel::test
