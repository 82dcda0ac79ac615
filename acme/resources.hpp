#pragma once
// RFC 8555's objects ⇄ JSON. Readers return the sentence that says what is wrong with an answer as their error; unknown
// members are passed over, wrong types never throw.

#include "acme/client.hpp"
#include "acme/url_rule.hpp"

#include <nlohmann/json_fwd.hpp>

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::acme {

template <class T>
using readable = std::expected<T, std::string>;

readable<directory> read_directory(std::string_view json, const url_rule& urls);

/// `url` and `retry_after` stay empty: they are not in the JSON.
readable<order> read_order(std::string_view json, const url_rule& urls);
readable<authorization> read_authorization(std::string_view json, const url_rule& urls);
readable<renewal_window> read_renewal_window(std::string_view json);

/// What of an account (RFC 8555 §7.1.2) matters.
struct account_facts {
    bool is_valid = false;
    std::string status;  ///< "valid", "deactivated", "revoked"
    std::string orders;  ///< URL; empty where the CA doesn't list them
};
readable<account_facts> read_account(std::string_view json, const url_rule& urls);
readable<std::vector<std::string>> read_orders_page(std::string_view json, const url_rule& urls);

/// A problem document (RFC 7807, RFC 8555 §6.7) as a failure without status and retry_after; none when it isn't one.
/// Words are the CA's own; control characters become spaces, since they go to terminals.
std::optional<failure> read_problem(std::string_view json);
std::optional<failure> read_problem(const nlohmann::json& document);

std::string write_new_account(const new_account& what);
std::string write_new_order(const new_order& what);
std::string write_contact(const std::vector<std::string>& contact);
std::string write_finalize(std::string_view csr_der);
std::string write_revocation(std::string_view leaf, int reason);

}  // namespace lintel::acme
