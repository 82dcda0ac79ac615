#include "proxy/access_log.hpp"

#include "base/json_text.hpp"
#include "net/periodic_thread.hpp"

#include <unistd.h>
#include <cerrno>
#include <ctime>

namespace lintel::proxy {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t longest_value = 2048;
constexpr duration write_period = 50ms;

std::string timestamp()
{
    auto now = std::chrono::floor<std::chrono::milliseconds>(wall_clock::now());
    auto seconds = wall_clock::to_time_t(now);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[40];
    auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts);
    auto millis = std::to_string(1000 + now.time_since_epoch().count() % 1000);
    return std::string(text, length) + millis.substr(1) + "Z";
}

void add(std::string& line, std::string_view name, std::string_view value)
{
    if (value.empty()) return;
    ((line += ",\"") += name) += "\":";
    line += json_text::quoted(value.substr(0, longest_value));
}

void add(std::string& line, std::string_view name, std::uint64_t value)
{
    (((line += ",\"") += name) += "\":") += std::to_string(value);
}

}  // namespace

kept_record::kept_record(const access_record& original) : record(original)
{
    std::array views{&record.entrypoint, &record.method, &record.host,  &record.path,
                     &record.protocol,   &record.reason, &record.route, &record.service};
    std::size_t size = 0;
    for (const auto* each : views) size += each->size();
    texts_.reserve(size);  // nothing moves afterwards
    for (auto* each : views) {
        auto begin = texts_.size();
        texts_ += *each;
        *each = std::string_view(texts_).substr(begin);
    }
}

std::string access_log::format(const access_record& record)
{
    auto taken = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - record.started);
    std::string line = "{\"ts\":\"" + timestamp() + '"';
    add(line, "client", record.client);
    add(line, "entrypoint", record.entrypoint);
    add(line, "protocol", record.protocol);
    line += record.tls ? ",\"tls\":true" : ",\"tls\":false";
    add(line, "method", record.method);
    add(line, "host", record.host);
    add(line, "path", record.path);
    if (!record.received_bytes) add(line, "status", static_cast<std::uint64_t>(record.status));
    add(line, "reason", record.reason);
    add(line, "detail", record.detail);
    add(line, "duration_us", static_cast<std::uint64_t>(taken.count()));
    add(line, "sent_bytes", record.sent_bytes);
    if (record.received_bytes) add(line, "received_bytes", *record.received_bytes);
    add(line, "route", record.route);
    add(line, "service", record.service);
    add(line, "endpoint", record.endpoint);
    add(line, "attempts", record.attempts);
    add(line, "request_id", record.request_id);
    return line + "}\n";
}

bool access_ring::push(std::string line)
{
    auto at = written_.load(std::memory_order_relaxed);
    if (at - read_.load(std::memory_order_acquire) == slots) return false;
    lines_[at % slots] = std::move(line);
    written_.store(at + 1, std::memory_order_release);
    return true;
}

void access_ring::drain(std::string& out)
{
    auto at = read_.load(std::memory_order_relaxed);
    for (auto end = written_.load(std::memory_order_acquire); at != end; ++at) {
        out += lines_[at % slots];
        lines_[at % slots].clear();
        read_.store(at + 1, std::memory_order_release);
    }
}

access_log::access_log(unique_fd file, std::size_t workers) : file_(std::move(file))
{
    while (rings_.size() < workers) rings_.push_back(std::make_unique<access_ring>());
    writer_ = std::make_unique<net::periodic_thread>("access log", write_period, [this] { write_waiting(); });
}

void access_log::write_waiting()
{
    std::string text;
    for (auto& ring : rings_) ring->drain(text);
    std::string_view left = text;
    while (!left.empty()) {
        auto count = ::write(file_.get(), left.data(), left.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return;  // a full disk costs the lines, nothing else
        left.remove_prefix(static_cast<std::size_t>(count));
    }
}

access_log::~access_log() = default;

}  // namespace lintel::proxy
