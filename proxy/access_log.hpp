#pragma once
// One JSON line per exchange, written by a thread of its own: a full disk or a slow pipe never blocks a worker.

#include "base/clock.hpp"
#include "base/unique_fd.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::net {
class periodic_thread;
}

namespace lintel::proxy {

/// What is known of an exchange when it ends. Views live until write() returns. No query string, no field values but
/// these: they may be secret.
struct access_record {
    time_point started;
    std::string client;  ///< address
    std::string_view entrypoint, method, host, path, protocol;
    bool tls = false;
    int status = 0;           ///< 0: cut off before a response began
    std::string_view reason;  ///< Lintel-Reason where we made the answer or broke off; empty otherwise
    std::string_view route, service;
    std::string endpoint;
    std::string request_id;
    std::string detail;  ///< what exactly went wrong, where something did
    unsigned attempts = 0;
    std::uint64_t sent_bytes = 0;                   ///< of the response body or the tunnel
    std::optional<std::uint64_t> received_bytes{};  ///< only of a TCP connection, which has no status
    bool goes_on = false;                           ///< as a tunnel, which writes the line when it ends
};

/// A record that outlives the request: it keeps the texts that its views point to.
struct kept_record {
    explicit kept_record(const access_record& original);
    kept_record(const kept_record&) = delete;

    access_record record;

private:
    std::string texts_;
};

/// Lines from one worker to the writer: single producer, single consumer, bounded.
class access_ring {
public:
    /// False when it is full: the line is dropped and counted by the caller.
    bool push(std::string line);
    /// Appends all waiting lines to `out`.
    void drain(std::string& out);

private:
    static constexpr std::size_t slots = 4096;
    std::array<std::string, slots> lines_;
    std::atomic<std::size_t> written_{0}, read_{0};
};

class access_log {
public:
    /// Takes over `file`, opened for appending.
    access_log(unique_fd file, std::size_t workers);
    ~access_log();  ///< writes what is waiting

    access_ring& ring(std::size_t worker) { return *rings_[worker]; }

    static std::string format(const access_record& record);

private:
    void write_waiting();

    unique_fd file_;
    std::vector<std::unique_ptr<access_ring>> rings_;
    std::unique_ptr<net::periodic_thread> writer_;
};

}  // namespace lintel::proxy
