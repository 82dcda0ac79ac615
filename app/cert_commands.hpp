#pragma once
// `lintel cert …` and `lintel account …`: thin clients of the admin API. Each returns the exit status.

#include "app/commands.hpp"

#include <string>

namespace lintel::app {

int list_certificates(const std::string& state, output how);

/// One host's certificates; with `explain` also what is wanted for it, what stands in the way and what to do.
int show_certificate(const std::string& state, const std::string& name, output how);
int explain_certificate(const std::string& state, const std::string& name, output how);

int renew_certificate(const std::string& state, const std::string& name);
int import_certificates(const std::string& state, const std::string& path);

/// Writes NAME.pem and NAME-key.pem (0600) into `folder`, or both to standard output where it is "-". Reads the records
/// themselves: no private key passes the API.
int export_certificate(const std::string& state, const std::string& name, const std::string& folder);

/// `reason`: a word of RFC 5280 §5.3.1, such as keyCompromise.
int revoke_certificate(const std::string& state, const std::string& name, const std::string& reason);

int rotate_account_key(const std::string& state, const std::string& issuer);
int deactivate_account(const std::string& state, const std::string& issuer);

/// The words for `reason`.
std::vector<std::string> revocation_reasons();

}  // namespace lintel::app
