// How the problems of a configuration are told.
#pragma once

#include <string>
#include <vector>

#include "gateway/config/document.h"

namespace gateway::server {

// True: none of them is an error.
[[nodiscard]] bool are_warnings(const std::vector<config::Problem>& problems);

// A line for each, errors last.
[[nodiscard]] std::string lines_of(const std::vector<config::Problem>& problems);

// In the program's log, each by its weight.
void say_problems(const std::vector<config::Problem>& problems);

}  // namespace gateway::server
