// A configuration that has been read and built, and is not in force yet.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "gateway/config/yaml_reader.h"
#include "gateway/route/builder.h"
#include "gateway/route/change.h"
#include "gateway/server/limits.h"
#include "gateway/server/metering.h"
#include "gateway/server/named_files.h"

namespace gateway::server {

// What a configuration is built beside. The ingredients outlive the building.
struct Grounds {
  std::shared_ptr<const route::Snapshot> before;  // in force; null: nothing is
  route::Ingredients ingredients;
  size_t workers = 1;
  // Of what is in force.
  std::shared_ptr<const NamedFiles> named_files;  // never null
  std::shared_ptr<const Metering::Rules> rules;   // null: nothing is
};

// All that takes long is in it already, so that whoever brings it into force only hands it out.
struct Candidate {
  // What its readers have to say, then its builder; only what was read without an error is built.
  std::vector<config::Problem> read_problems;
  std::vector<config::Problem> built_problems;

  std::shared_ptr<const route::Change> change;   // against what is in force; null: there are errors
  std::shared_ptr<const Metering::Rules> rules;  // those before, where they are the same
  Limits limits;
  std::shared_ptr<const NamedFiles> named_files;
  std::vector<std::string> read_anew;  // certificates, keys and passwords that have changed

  size_t parsed = 0;       // domain files
  int64_t read_since = 0;  // nanoseconds since the epoch
  std::chrono::nanoseconds reading{0};
  std::chrono::nanoseconds building{0};

  const route::Snapshot& snapshot() const { return *change->now; }
};

// Any thread, one at a time. Reads the files that the configuration names.
[[nodiscard]] Candidate build_candidate(config::Reading reading, const Grounds& grounds);

// Reads the files before. Any thread, one at a time.
[[nodiscard]] Candidate read_candidate(config::Reader& reader, const Grounds& grounds);

}  // namespace gateway::server
