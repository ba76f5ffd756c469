#include "gateway/server/problems.h"

#include <algorithm>

#include "gateway/log/log.h"

namespace gateway::server {

bool are_warnings(const std::vector<config::Problem>& problems) {
  return std::ranges::all_of(problems, &config::Problem::warning);
}

std::string lines_of(const std::vector<config::Problem>& problems) {
  std::string text;
  for (const config::Problem& problem : config::errors_last(problems))
    text += to_string(problem) + '\n';
  return text;
}

void say_problems(const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : config::errors_last(problems))
    log::say(problem.warning ? log::Level::warning : log::Level::error, to_string(problem));
}

}  // namespace gateway::server
