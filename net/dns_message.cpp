#include "net/dns_message.hpp"

#include "base/text.hpp"

#include <array>

namespace lintel::net {

namespace {

constexpr std::size_t longest_name_bytes = 255, longest_label_bytes = 63;
constexpr unsigned pointer_mark = 0xC0;

void append_escaped(std::string& out, unsigned char byte)
{
    bool plain = byte > ' ' && byte < 0x7F && byte != '.' && byte != '\\';
    if (plain) {
        out += text::to_lower(static_cast<char>(byte));
        return;
    }
    out += '\\';
    for (int unit : {100, 10, 1}) out += static_cast<char>('0' + byte / unit % 10);
}

/// The bytes of the label that `text` begins with; cuts it off, and the dot behind it. None: a bad escape.
std::optional<std::string> take_label(std::string_view& text)
{
    std::string label;
    while (!text.empty() && text.front() != '.') {
        if (text.front() != '\\') {
            label += text::to_lower(text.front());
            text.remove_prefix(1);
            continue;
        }
        auto value = text.size() < 4 ? std::nullopt : text::parse_decimal(text.substr(1, 3));
        if (!value || *value > 255) return {};
        label += text::to_lower(static_cast<char>(*value));
        text.remove_prefix(4);
    }
    if (!text.empty()) text.remove_prefix(1);
    return label;
}

std::optional<std::vector<dns_record>> read_records(dns_reader& from, unsigned count)
{
    std::vector<dns_record> records;
    for (; count > 0; --count) {
        dns_record record;
        record.begins_at = from.at();
        record.owner = from.name();
        record.type = from.u16();
        record.in_class = from.u16();
        record.ttl = from.u32();
        record.data_size = from.u16();
        record.data_at = from.at();
        from.bytes(record.data_size);
        if (!from.good()) return {};
        records.push_back(std::move(record));
    }
    return records;
}

}  // namespace

std::optional<dns_message> read_dns_message(std::string_view bytes)
{
    dns_reader from(bytes);
    dns_message message;
    message.id = from.u16();
    message.flags = from.u16();
    std::array<std::uint16_t, 4> counts{};
    for (auto& each : counts) each = from.u16();
    for (unsigned i = 0; i < counts[0] && from.good(); ++i) {
        auto name = from.name();
        message.questions.push_back({std::move(name), from.u16()});
        from.u16();  // class
    }
    if (!from.good()) return {};
    for (auto [section, count] : {std::pair(&message.answers, counts[1]), std::pair(&message.authority, counts[2]),
                                  std::pair(&message.additional, counts[3])}) {
        auto records = read_records(from, count);
        if (!records) return {};
        *section = std::move(*records);
    }
    return message;
}

std::string dns_rcode_name(unsigned rcode)
{
    static constexpr std::array<std::string_view, 11> names{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                                            "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                                            "NXRRSET", "NOTAUTH", "NOTZONE"};
    if (rcode < names.size()) return std::string(names[rcode]);
    return "code " + std::to_string(rcode);
}

std::string canonical_dns_name(std::string_view name)
{
    if (name.ends_with('.')) name.remove_suffix(1);
    return text::lower(name);
}

bool is_within_zone(std::string_view name, std::string_view zone)
{
    if (zone.empty() || name == zone) return true;
    return name.ends_with(zone) && name[name.size() - zone.size() - 1] == '.';
}

std::string_view dns_reader::bytes(std::size_t count)
{
    if (at_ > message_.size() || message_.size() - at_ < count) fail();
    if (!good_) return {};
    auto some = message_.substr(at_, count);
    at_ += count;
    return some;
}

std::uint64_t dns_reader::number(std::size_t count)
{
    std::uint64_t value = 0;
    for (unsigned char byte : bytes(count)) value = value << 8 | byte;
    return value;
}

std::string dns_reader::name()
{
    std::string text;
    std::size_t length = 1, lowest = at_;
    std::optional<std::size_t> back_to;  // behind the first pointer
    while (unsigned size = u8()) {
        if ((size & pointer_mark) == pointer_mark) {
            std::size_t target = (size & ~pointer_mark) << 8 | u8();
            if (!back_to) back_to = at_;
            if (target >= lowest) fail();
            at_ = lowest = target;
            continue;
        }
        length += 1 + size;
        if (size > longest_label_bytes || length > longest_name_bytes) fail();
        if (!text.empty()) text += '.';
        for (unsigned char byte : bytes(size)) append_escaped(text, byte);
        if (!good_) break;
    }
    if (back_to) at_ = *back_to;
    return good_ ? text : std::string();
}

dns_builder& dns_builder::number(std::uint64_t value, int size)
{
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) out_ += static_cast<char>(value >> shift & 0xFF);
    return *this;
}

dns_builder& dns_builder::name(std::string_view text)
{
    if (text == ".") text = {};
    auto start = out_.size();
    while (!text.empty()) {
        auto label = take_label(text);
        if (!label || label->empty() || label->size() > longest_label_bytes) {
            good_ = false;
            return *this;
        }
        u8(static_cast<unsigned>(label->size())).bytes(*label);
    }
    u8(0);
    if (out_.size() - start > longest_name_bytes) good_ = false;
    return *this;
}

}  // namespace lintel::net
