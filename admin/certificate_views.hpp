#pragma once
// What the admin API tells of certificates, as JSON texts (docs/api.md). No private key is in them.

#include "acme/certificates.hpp"

#include <string>

namespace lintel::admin {

/// Every want and how it fares, every certificate that is kept, the accounts and the orders under way.
std::string certificates_json(const acme::certificates& all);

/// The wants and certificates that have to do with `name`, with their chains.
std::string certificate_json(const acme::certificates& all, const std::string& name);

}  // namespace lintel::admin
