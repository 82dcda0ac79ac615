#pragma once
// What a router says about the certificates of its hosts: who issues them, and which names share one.

#include "base/result.hpp"
#include "model/certificate_terms.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lintel::discovery {

using certificate_terms = model::certificate_terms;

/// The names of one certificate as they are compared, each once: host names in lower case, "*." and a name, addresses
/// (IPv6 without brackets). The problem says which of `written` is none of these.
checked<std::vector<std::string>> certificate_names(const std::vector<std::string>& written);

/// What is wrong with a URL that is to be asked whether a name shall have a certificate; empty where nothing is.
std::string wrong_with_ask(std::string_view url);

/// True for a rule that leaves the host open. Only such a router can have the names of its certificates from a URL.
bool is_for_any_host(const std::string& rule);

inline constexpr std::string_view ask_of_named_hosts =
    "only a router for any host asks, one that names its hosts has their certificates anyway; ignored";

}  // namespace lintel::discovery
