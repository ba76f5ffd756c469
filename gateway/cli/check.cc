#include <iostream>

#include "gateway/cli/commands.h"
#include "gateway/config/print.h"
#include "gateway/config/yaml_reader.h"
#include "gateway/server/server.h"
#include "gateway/server/snapshot_builder.h"

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
    metrics::Registry registry(1);
    net::tls::TicketKeys keys;
    usage::meter::Books meters({.folder = {}, .node = {}, .boot = {}, .workers = 1});
    usage::BudgetStandings standings;
    route::Backends backends;
    auto snapshot = server::build_snapshot(std::move(reading.document), nullptr,
                                           {.generation = 0,
                                            .registry = registry,
                                            .ticket_keys = keys,
                                            .meters = meters,
                                            .standings = standings,
                                            .backends = backends});
    const std::vector<config::Problem>& found = snapshot ? (*snapshot)->warnings : snapshot.error();
    problems.insert(problems.end(), found.begin(), found.end());
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
