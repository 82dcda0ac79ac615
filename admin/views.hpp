#pragma once
// The answers of the read-only API, as JSON texts (docs/api.md).

#include "admin/facts.hpp"

#include <string>

namespace lintel::admin {

std::string status_json(const facts& known);
std::string routes_json(const facts& known);
std::string problems_json(const facts& known);

struct health {
    bool good;
    std::string json;
};
health health_json(const facts& known);

}  // namespace lintel::admin
