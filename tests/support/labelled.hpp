#pragma once
// A container with labels, and what came of them.

#include "discovery/labels.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lintel::test {

using namespace discovery;

inline container running(label_map labels)
{
    container what;
    what.id = "3f2a9c81d0e4ffff";
    what.name = "web";
    what.created = 7;
    what.labels = std::move(labels);
    what.tcp_ports = {80, 8080};
    what.networks = {{"bridge", "172.17.0.2", ""}};
    what.state = container::status::running;
    return what;
}

inline fragment read(label_map labels, const engine_settings& settings = {})
{
    return read_labels(running(std::move(labels)), settings);
}

inline const declared_router* router(const fragment& from, std::string_view name)
{
    auto found = std::ranges::find(from.routers, name, &declared_router::name);
    return found == from.routers.end() ? nullptr : &*found;
}

inline const declared_service* service(const fragment& from, std::string_view name)
{
    auto found = std::ranges::find(from.services, name, &declared_service::name);
    return found == from.services.end() ? nullptr : &*found;
}

inline std::string problems_of(const fragment& from)
{
    std::string all;
    for (const auto& [where, what] : from.problems) all += where + ": " + what + '\n';
    return all;
}

/// True when exactly one problem is there, at `where`, and its sentence has `words`.
inline testing::AssertionResult only_problem(const fragment& from, std::string_view where, std::string_view words)
{
    bool right = from.problems.size() == 1 && from.problems[0].where == where && from.problems[0].what.contains(words);
    return (right ? testing::AssertionSuccess() : testing::AssertionFailure()) << problems_of(from);
}

}  // namespace lintel::test
