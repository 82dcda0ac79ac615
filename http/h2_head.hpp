#pragma once
// Heads as HTTP/2 carries them: field lists with pseudo-fields (RFC 9113 §8.2, §8.3), from and to the heads that
// everybody above knows. No I/O.

#include "http/h2_session.hpp"
#include "http/head_limits.hpp"
#include "http/message.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lintel::http {

/// One decoded header block. All its bytes stand in one text, which the heads read from it have views of.
class h2_field_list {
public:
    /// Gives back what is large.
    void clear();

    /// What comes behind `most_bytes` is only counted.
    void add(std::string_view name, std::string_view value, std::size_t most_bytes);

    /// More came than was kept.
    bool too_large() const { return too_large_; }

    /// The value of the first field of this name, which is in lower case.
    std::optional<std::string_view> find(std::string_view name) const;

    /// A request head. `:authority` becomes its Host field, the crumbs of Cookie one field (RFC 9113 §8.2.3).
    /// Errors: `bad_pseudo_field`, `connection_field`, `bad_field_name`, `bad_field_value`, `bad_host` (two, or one
    /// that differs from `:authority`), `bad_target`, `bad_request_line` (the method), `method_too_long`,
    /// `target_too_long`, `head_too_large`.
    result<void> read(const head_limits& limits, request_head& out);

    /// A response head (RFC 9113 §8.3.2), interim or final. Errors: as above, and `bad_status_line`.
    result<void> read(const head_limits& limits, response_head& out) const;

    /// `:protocol` of an extended CONNECT (RFC 8441 §4); read() has seen that it stands in one. Empty: none.
    std::string_view protocol() const { return protocol_; }

    /// Trailers: no pseudo-fields. Errors: as above.
    result<void> read_trailers(const head_limits& limits, fields& out) const;

private:
    struct entry {
        std::uint32_t begin, name_size, value_size;
    };
    struct pseudo_fields;

    std::string_view name_of(const entry& each) const { return view(each.begin, each.name_size); }
    std::string_view value_of(const entry& each) const { return view(each.begin + each.name_size, each.value_size); }
    std::string_view view(std::size_t begin, std::size_t size) const { return {text_.data() + begin, size}; }
    error_code join_cookies();
    result<pseudo_fields> read_pseudo() const;
    result<void> read_fields(std::size_t first, const head_limits& limits, fields& out) const;

    std::string text_;
    std::vector<entry> entries_;
    std::string_view protocol_;
    std::size_t counted_bytes_ = 0;
    bool too_large_ = false;
};

/// What is sent for `head`: `:status` first, without the fields of connections. `length`: of the body, where it has one
/// that is known; where `bodiless`, a Content-Length in `head` stays if it may (RFC 9110 §8.6). The list has views into
/// `head` and into `digits`.
void write_head(const response_head& head, bool bodiless, std::optional<std::uint64_t> length, std::string& digits,
                std::vector<h2_field>& out);

/// What is sent for `head`: the pseudo-fields first, then what goes to an upstream, which is not what concerns a
/// connection. `length`: of the body, where it is known. The list has views into `head` and into `texts`.
void write_head(const request_head& head, std::string_view scheme, std::optional<std::uint64_t> length,
                std::string& texts, std::vector<h2_field>& out);

/// The Priority field (RFC 9218 §5). What isn't understood is left at its default.
struct h2_priority {
    unsigned urgency = 3;
    bool incremental = false;
    bool operator==(const h2_priority&) const = default;
};
h2_priority read_priority(std::string_view value);

}  // namespace lintel::http
