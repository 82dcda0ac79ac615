#pragma once
// What may be told to do about certificates over the admin API (docs/api.md): POST with a JSON object.

#include "acme/certificates.hpp"

#include <string>
#include <string_view>

namespace lintel::admin {

/// `json` is empty where `why` says what went wrong, with its status.
struct call_answer {
    int status = 200;
    std::string json;
    std::string why;
};

/// `path`: /certificates/renew {name}, /certificates/revoke {id, reason}, /certificates/import {path},
/// /accounts/rotate-key {issuer}, /accounts/deactivate {issuer}. 404 for any other.
task<call_answer> call_certificates(acme::certificates& all, std::string path, std::string body);

}  // namespace lintel::admin
