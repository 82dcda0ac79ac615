#pragma once
// The model as JSON: what travels over the link and what the last good snapshot is written in.
//
//   {"base":6,"version":7,"reset":false,"upsert":[{"kind":"router","id":"…","spec":{…}}],
//    "remove":[{"kind":"service","id":"…"}],"commit":true}

#include "base/result.hpp"
#include "model/snapshot.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::model {

/// One delta as one or more texts of about `limit_bytes` at most, one object never being split; the last one commits.
std::vector<std::string> encode(const delta& step, std::size_t limit_bytes);

/// A whole state as one text (a reset that commits), indented for people.
std::string encode_snapshot(const snapshot& whole);

/// Adds one text to `step`; true when it commits. The problem says what is malformed: then `step` is spoilt.
checked<bool> decode(std::string_view text, delta& step);

std::string_view name_of(readiness ready);
std::string_view name_of(tcp_security security);
std::string_view name_of(scheme spoken);

/// "http", "https" or "h2c"; none for anything else.
std::optional<scheme> scheme_named(std::string_view name);

}  // namespace lintel::model
