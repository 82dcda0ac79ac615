#pragma once
// One object as JSON. Internal to model/json.

#include "model/objects.hpp"

#include <nlohmann/json_fwd.hpp>

namespace lintel::model {

/// Members that have their default value are mostly left out.
nlohmann::json spec_of(const router& r);
nlohmann::json spec_of(const tcp_router& r);
nlohmann::json spec_of(const service& s);
nlohmann::json spec_of(const tls_options& o);
nlohmann::json spec_of(const transport& t);
nlohmann::json spec_of(const endpoint& e);
nlohmann::json spec_of(const certificate& c);
nlohmann::json spec_of(const challenge& c);

/// Fills in what `spec`, an object, has; members that nobody knows are ignored, what is of the wrong type throws.
void read_spec(const nlohmann::json& spec, router& into);
void read_spec(const nlohmann::json& spec, tcp_router& into);
void read_spec(const nlohmann::json& spec, service& into);
void read_spec(const nlohmann::json& spec, tls_options& into);
void read_spec(const nlohmann::json& spec, transport& into);
void read_spec(const nlohmann::json& spec, endpoint& into);
void read_spec(const nlohmann::json& spec, certificate& into);
void read_spec(const nlohmann::json& spec, challenge& into);

}  // namespace lintel::model
