#pragma once
// Header and trailer fields (RFC 9110 §5): an ordered flat list with caseless names.

#include <cstdint>
#include <string_view>
#include <vector>

namespace lintel::http {

/// The fields that a proxy must know. Known once, at parsing; afterwards a comparison is one byte.
enum class field_id : std::uint8_t {
    other,
    connection,
    content_length,
    expect,
    forwarded,
    host,
    http2_settings,
    keep_alive,
    max_forwards,
    proxy,
    proxy_authenticate,
    proxy_authorization,
    proxy_connection,
    te,
    trailer,
    transfer_encoding,
    upgrade,
    x_forwarded_for,
    x_forwarded_host,
    x_forwarded_other,  ///< any other X-Forwarded-…: apps trust what a proxy says there
    x_forwarded_port,
    x_forwarded_prefix,
    x_forwarded_proto,
    x_real_ip,
    x_request_id,
};

field_id identify(std::string_view name);

struct field {
    std::string_view name;
    std::string_view value;  ///< without surrounding white space
    field_id id;
};

/// Views into the bytes they were parsed from; whoever keeps a list keeps those.
class fields {
public:
    void add(std::string_view name, std::string_view value) { add({name, value, identify(name)}); }
    void add(const field& known)
    {
        if (list_.capacity() == 0) list_.reserve(usual_size);
        list_.push_back(known);
    }
    void clear() { list_.clear(); }
    void make_room(std::size_t count) { list_.reserve(count); }

    /// The first one, null when there is none.
    const field* find(field_id id) const;
    const field* find(std::string_view name) const;
    std::size_t count(field_id id) const;

    /// True when the comma-separated list of all fields `id` has this token (RFC 9110 §5.6.1), caseless.
    bool has_token(field_id id, std::string_view token) const;

    auto begin() const { return list_.begin(); }
    auto end() const { return list_.end(); }
    std::size_t size() const { return list_.size(); }
    bool empty() const { return list_.empty(); }

    template <class Predicate>
    void remove_if(Predicate unwanted)
    {
        std::erase_if(list_, unwanted);
    }

    /// Gives the memory of the list back.
    void release() { list_ = {}; }

private:
    static constexpr std::size_t usual_size = 16;
    std::vector<field> list_;
};

/// Token characters (RFC 9110 §5.6.2).
bool is_token(std::string_view text);

/// Visible characters, spaces, tabs and bytes above ASCII (RFC 9110 §5.5): no other control character.
bool is_field_value(std::string_view text);

}  // namespace lintel::http
