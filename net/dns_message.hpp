#pragma once
// Messages of the DNS as bytes (RFC 1035 §4). No I/O.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::net {

inline constexpr std::size_t dns_header_bytes = 12;
inline constexpr std::uint16_t dns_class_in = 1;

/// Bits of the second word of a message (RFC 1035 §4.1.1).
namespace dns_flag {
inline constexpr std::uint16_t response = 0x8000, authoritative = 0x0400, truncated = 0x0200, recursion_wanted = 0x0100;
inline constexpr std::uint16_t opcode = 0x7800, update = 5 << 11, rcode = 0x000F;
}  // namespace dns_flag

struct dns_question {
    std::string name;
    std::uint16_t type = 0;
};

struct dns_record {
    std::string owner;
    std::uint16_t type = 0, in_class = 0;
    std::uint32_t ttl = 0;
    std::size_t begins_at = 0;               ///< where the record stands in the message
    std::size_t data_at = 0, data_size = 0;  ///< and its data, whose names may point back into the message
};

/// Names are text: lower case, no trailing dot, "" for the root; dots within labels, backslashes and what is not
/// printable as \DDD (RFC 1035 §5.1).
struct dns_message {
    std::uint16_t id = 0, flags = 0;
    std::vector<dns_question> questions;
    std::vector<dns_record> answers, authority, additional;

    unsigned rcode() const { return flags & dns_flag::rcode; }
};

/// None when `bytes` are no whole message. What follows the last record is not looked at.
std::optional<dns_message> read_dns_message(std::string_view bytes);

/// "REFUSED", or "code 23" for one without a common name.
std::string dns_rcode_name(unsigned rcode);

/// As names of messages are written: lower case, without the trailing dot.
std::string canonical_dns_name(std::string_view name);

/// True when `name` is `zone` or below it; both canonical.
bool is_within_zone(std::string_view name, std::string_view zone);

/// Reads a message from front to back. Once something wasn't there, nothing is: zeros and empty texts come out, and
/// `good()` is false.
class dns_reader {
public:
    explicit dns_reader(std::string_view message, std::size_t at = 0) : message_(message), at_(at) {}

    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t u48() { return number(6); }
    std::string_view bytes(std::size_t count);

    /// Pointers are followed backwards only, so that none leads in a circle (RFC 1035 §4.1.4).
    std::string name();

    std::size_t at() const { return at_; }
    bool good() const { return good_; }

private:
    std::uint64_t number(std::size_t count);
    void fail() { good_ = false; }

    std::string_view message_;
    std::size_t at_;
    bool good_ = true;
};

/// Writes a message from front to back, without compression.
class dns_builder {
public:
    dns_builder& u8(unsigned value) { return number(value, 1); }
    dns_builder& u16(unsigned value) { return number(value, 2); }
    dns_builder& u32(std::uint32_t value) { return number(value, 4); }
    dns_builder& u48(std::uint64_t value) { return number(value, 6); }
    dns_builder& bytes(std::string_view some)
    {
        out_ += some;
        return *this;
    }

    /// In canonical form (RFC 4034 §6.2). A label of more than 63 bytes, an empty one, or more than 255 bytes in all
    /// are no name: `good()` is false from then on.
    dns_builder& name(std::string_view text);

    bool good() const { return good_; }
    const std::string& text() const { return out_; }

private:
    dns_builder& number(std::uint64_t value, int size);

    std::string out_;
    bool good_ = true;
};

}  // namespace lintel::net
