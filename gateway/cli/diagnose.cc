#include <iostream>
#include <optional>
#include <utility>

#include "gateway/cli/commands.h"
#include "gateway/cli/doctor/doctor.h"
#include "gateway/config/yaml_reader.h"
#include "gateway/server/process.h"
#include "gateway/server/rehearsal.h"

namespace gateway::cli {

namespace {

int complain(const std::string& what) {
  std::cerr << "weir: " << what << '\n';
  return server::kExitConfiguration;
}

int examine(proto::Result<doctor::Subject, std::string> subject, const DoctorOptions& options) {
  if (!subject) return complain(subject.error());
  if (!options.address.empty()) {
    subject->address = net::Address::parse(options.address, 0);
    if (!subject->address) return complain("--address is an IP address, such as 192.0.2.10");
  }
  const doctor::Findings findings = doctor::examine(*subject, options.json, std::cout);
  return first_cause(findings) ? server::kExitRuntime : server::kExitOk;
}

// Empty: it was read and built without an error.
std::vector<config::Problem> errors_of(const std::vector<config::Problem>& problems) {
  std::vector<config::Problem> errors;
  for (const config::Problem& one : problems) {
    if (!one.warning) errors.push_back(one);
  }
  return errors;
}

int refuse(const std::vector<config::Problem>& errors) {
  for (const config::Problem& one : errors) std::cerr << to_string(one) << '\n';
  return server::kExitConfiguration;
}

}  // namespace

int diagnose(const DoctorOptions& options) {
  const doctor::Paths paths{.websocket = options.path, .socket_io = options.socket_io};
  if (!options.url.empty()) return examine(doctor::subject_of(options.url, paths), options);
  config::Reading reading = config::read_files(options.config);
  if (!reading.ok()) return refuse(errors_of(reading.problems));
  const server::Rehearsal built(std::move(reading.document));
  if (built.snapshot() == nullptr) return refuse(errors_of(built.problems()));
  return examine(doctor::subject_of(*built.snapshot(), options.domain, paths), options);
}

}  // namespace gateway::cli
