#pragma once
// One exchange of a fetcher: the caller's side of it, and the curl handle on the fetcher's thread. Internal to
// http/fetch.

#include "http/fetch.hpp"
#include "net/event.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct curl_slist;

namespace lintel::http {

using fetch_outcome = std::expected<fetch_response, fetch_failure>;

/// The caller's side. Home's thread only, but for `queued_bytes`.
struct fetch_call {
    /// Bytes on their way to `on_data` at which a transfer pauses until its reader has caught up.
    static constexpr std::size_t window_bytes = 1U << 20;

    explicit fetch_call(net::event_loop& home) : finished(home) {}

    std::function<void(std::string_view)> on_data;
    std::function<void()> resume;               ///< the reader has caught up; not called once `ended`
    std::atomic<std::size_t> queued_bytes = 0;  ///< posted to home and not read yet
    std::optional<fetch_outcome> ended;
    net::event finished;

    void take(std::string_view bytes);
    void end(fetch_outcome how);
};

/// The thread's side: a curl handle and what has arrived so far. What it has to say it posts to `home`, in order.
class fetch_transfer {
public:
    /// `multi`: the CURLM* that runs it; outlives it.
    fetch_transfer(void* multi, net::event_loop& home, std::shared_ptr<fetch_call> caller, fetch_request request);
    ~fetch_transfer();
    fetch_transfer(const fetch_transfer&) = delete;

    /// False when it can't begin; the caller has been told.
    bool start();

    /// `verdict`: the CURLcode that the handle ended with.
    void finish(int verdict);
    void resume();

    fetch_call* caller() const { return caller_.get(); }

private:
    template <class Value>
    void set(int option, Value value);
    void set_up();
    void set_request();
    void add_field(const std::string& line);

    static std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* self);
    static std::size_t on_field(char* bytes, std::size_t, std::size_t count, void* self);
    std::size_t take_body(std::string_view bytes);
    void take_field(std::string_view line);
    int status() const;
    void tell(fetch_outcome how);

    void* multi_;
    net::event_loop& home_;
    std::shared_ptr<fetch_call> caller_;  // shared with the caller's frame: either may end first
    fetch_request request_;
    bool streams_;
    void* easy_ = nullptr;  ///< CURL*
    curl_slist* fields_ = nullptr;
    curl_slist* connect_to_ = nullptr;
    std::array<char, 256> said_{};  ///< CURLOPT_ERRORBUFFER
    fetch_response response_;
    bool too_long_ = false;
};

}  // namespace lintel::http
