#include <iostream>

#include "gateway/cli/commands.h"
#include "gateway/config/print.h"
#include "gateway/config/yaml_reader.h"
#include "gateway/server/process.h"
#include "gateway/server/rehearsal.h"

namespace gateway::cli {

namespace {

std::string counted(size_t number, const char* noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

}  // namespace

int check(const std::string& config, const CheckOptions& options) {
  config::Reading reading = config::read_files(config);
  std::vector<config::Problem> problems = reading.problems;
  const size_t domains = reading.document.domains.size();
  const std::string effective =
      options.print && reading.ok() ? config::print(reading.document) : std::string();
  if (reading.ok()) {
    // Certificates and CA files are read as a start would read them.
    const server::Rehearsal built(std::move(reading.document));
    problems.insert(problems.end(), built.problems().begin(), built.problems().end());
  }
  size_t errors = 0;
  for (const config::Problem& problem : config::errors_last(problems)) {
    std::cerr << to_string(problem) << '\n';
    errors += problem.warning ? 0 : 1;
  }
  const size_t warnings = problems.size() - errors;
  if (errors > 0 || (options.strict && warnings > 0)) {
    std::cerr << config << ": " << counted(errors, "error") << ", " << counted(warnings, "warning")
              << '\n';
    return server::kExitConfiguration;
  }
  if (options.print) {
    std::cout << effective;
  } else {
    std::cout << config << ": ok, " << counted(domains, "domain") << ", "
              << counted(warnings, "warning") << '\n';
  }
  return server::kExitOk;
}

}  // namespace gateway::cli
