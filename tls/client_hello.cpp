#include "tls/client_hello.hpp"

#include "tls/server_name.hpp"

#include <optional>
#include <utility>

namespace lintel::tls {

namespace {

using verdict = hello_reading::verdict;

constexpr std::size_t record_head = 5, message_head = 4, largest_record = 16 * 1024;
constexpr unsigned handshake_record = 22, client_hello_message = 1;
constexpr std::size_t server_name_extension = 0, alpn_extension = 16;

/// Numbers and vectors in network order (RFC 8446 §3). Once something is missing, all that follows is empty.
class cursor {
public:
    explicit cursor(std::string_view bytes) : rest_(bytes) {}

    std::string_view take(std::size_t count)
    {
        if (count > rest_.size()) {
            broken_ = true;
            rest_ = {};
            return {};
        }
        auto taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }

    std::size_t number(std::size_t width)
    {
        std::size_t value = 0;
        for (char each : take(width)) value = value << 8 | static_cast<unsigned char>(each);
        return value;
    }

    /// What a length of `width` bytes announces.
    std::string_view vector(std::size_t width) { return take(number(width)); }

    bool at_end() const { return rest_.empty(); }
    bool broken() const { return broken_; }

private:
    std::string_view rest_;
    bool broken_ = false;
};

/// A record's header may be cut: what is there of it must be right already.
bool may_be_handshake(std::string_view record)
{
    auto byte = [&](std::size_t at) { return static_cast<unsigned char>(record[at]); };
    if (!record.empty() && byte(0) != handshake_record) return false;
    if (record.size() > 1 && byte(1) != 3) return false;
    if (record.size() < record_head) return true;
    std::size_t length = static_cast<std::size_t>(byte(3)) << 8 | byte(4);
    return length > 0 && length <= largest_record;
}

/// The bytes of the message that `joined` begins with, head included; as far as its head is there.
std::size_t size_of_message(std::string_view joined)
{
    return message_head + (joined.size() < message_head ? 0 : cursor(joined.substr(1)).number(3));
}

std::vector<std::string> read_protocols(std::string_view extension)
{
    std::vector<std::string> all;
    cursor list(cursor(extension).vector(2));
    while (!list.at_end()) {
        auto name = list.vector(1);
        if (list.broken() || name.empty()) return {};
        all.emplace_back(name);
    }
    return all;
}

std::optional<client_hello> read_body(std::string_view body)
{
    client_hello found;
    cursor fields(body);
    fields.take(2 + 32);  // legacy_version, random
    fields.vector(1);     // legacy_session_id
    fields.vector(2);     // cipher_suites
    fields.vector(1);     // legacy_compression_methods
    if (fields.broken()) return {};
    if (fields.at_end()) return found;  // TLS 1.2 without extensions
    cursor extensions(fields.vector(2));
    if (fields.broken() || !fields.at_end()) return {};
    bool named = false;
    while (!extensions.at_end()) {
        auto type = extensions.number(2);
        auto content = extensions.vector(2);
        if (extensions.broken()) return {};
        if (type == server_name_extension && std::exchange(named, true)) return {};  // two names: whose is it?
        if (type == server_name_extension) found.server_name = read_server_name(content);
        if (type == alpn_extension) found.protocols = read_protocols(content);
    }
    return found;
}

}  // namespace

hello_reading client_hello_reader::read(std::string_view first_bytes)
{
    auto what = join(first_bytes.substr(0, client_hello_limit_bytes));
    if (what == verdict::need_more && first_bytes.size() >= client_hello_limit_bytes) return {verdict::not_tls};
    if (what != verdict::complete) return {what};
    auto hello = read_body(std::string_view(joined_).substr(message_head, size_of_message(joined_) - message_head));
    if (!hello) return {verdict::not_tls};
    return {verdict::complete, std::move(*hello)};
}

/// Puts the first message of the handshake together from its records, from where it was left.
verdict client_hello_reader::join(std::string_view bytes)
{
    for (;;) {
        auto size = size_of_message(joined_);
        if (size > client_hello_limit_bytes) return verdict::not_tls;
        if (joined_.size() >= size) return verdict::complete;
        if (record_bytes_ == 0) {
            auto head = bytes.substr(read_bytes_);
            if (!may_be_handshake(head)) return verdict::not_tls;
            if (head.size() < record_head) return verdict::need_more;
            record_bytes_ = cursor(head.substr(3)).number(2);
            read_bytes_ += record_head;
        }
        auto part = bytes.substr(read_bytes_, record_bytes_);
        if (part.empty()) return verdict::need_more;
        joined_ += part;
        read_bytes_ += part.size();
        record_bytes_ -= part.size();
        if (static_cast<unsigned char>(joined_[0]) != client_hello_message) return verdict::not_tls;
    }
}

hello_reading read_client_hello(std::string_view first_bytes) { return client_hello_reader().read(first_bytes); }

}  // namespace lintel::tls
