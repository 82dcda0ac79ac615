#pragma once
// Which form of a text a client would rather have.

#include "http/fields.hpp"

namespace lintel::http {

enum class form { plain, html, json };

/// By all Accept fields together (RFC 9110 §12.5.1): the highest quality wins; among equals what was named before what
/// a wildcard covers, then what was named first, then plain. `application/json`, `…/json` and `…+json` all ask for
/// JSON. Never refuses: plain where nothing fits or nothing was asked. Malformed parts count for nothing, and no more
/// than 32 ranges or 2,048 bytes are looked at.
form preferred_form(const fields& of);

}  // namespace lintel::http
