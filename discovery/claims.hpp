#pragma once
// What a rule lays claim to, so that two apps that want the same requests can be told. Internal to merge.

#include "model/rule.hpp"

#include <string>
#include <vector>

namespace lintel::discovery {

/// One text for each alternative of the rule, sorted, each once: Host(`a`) || Host(`b`) claims Host(`a`) and
/// Host(`b`). Rules that share an alternative ask for the same requests. A rule of more than 256 alternatives is one
/// claim as a whole.
std::vector<std::string> claims_of(const model::rule& rule);

}  // namespace lintel::discovery
