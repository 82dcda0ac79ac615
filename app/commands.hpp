#pragma once
// The commands that ask a running Lintel, or look at files.

#include "app/settings.hpp"

#include <string>

namespace lintel::app {

enum class output { human, json };

/// GETs `path` of the admin API in `state` and prints the answer, as a table or as it is.
int ask(const std::string& state, const std::string& path, output how);

/// `lintel check`: the configuration is read already; reads the routes files too and prints every problem.
int check(const settings& parsed);

/// `lintel ca`: prints the local CA's certificate.
int print_ca(const std::string& state);

}  // namespace lintel::app
