#include "gateway/server/candidate.h"

#include <algorithm>
#include <utility>

#include "gateway/config/named_files.h"
#include "gateway/server/problems.h"
#include "gateway/server/snapshot_builder.h"

namespace gateway::server {

namespace {

using std::chrono::steady_clock;

// Whether nothing has become different in what is billed under which name.
bool bills_alike(const route::Change& change) {
  return change.added.empty() && change.removed.empty() &&
         std::ranges::all_of(change.changed, [](const route::Change::Pair& pair) {
           return pair.before->config->names == pair.now->config->names &&
                  pair.before->config->usage == pair.now->config->usage;
         });
}

void fill(Candidate& candidate, const std::shared_ptr<const route::Snapshot>& built,
          const Grounds& grounds) {
  const config::Document& document = built->document;
  candidate.limits = limits_of(document, grounds.workers, raise_descriptor_limit());
  auto files = std::make_shared<NamedFiles>(*grounds.named_files);
  candidate.read_anew = files->take(config::named_files(document));
  candidate.named_files = std::move(files);
  candidate.change =
      std::make_shared<const route::Change>(route::change_between(grounds.before, built));
  candidate.rules = grounds.rules;
  if (candidate.rules == nullptr || !bills_alike(*candidate.change)) {
    candidate.rules = std::make_shared<const Metering::Rules>(
        Metering::rules_of(document, grounds.ingredients.standings));
  }
}

}  // namespace

Candidate build_candidate(config::Reading reading, const Grounds& grounds) {
  Candidate candidate;
  candidate.parsed = reading.parsed;
  candidate.read_problems = std::move(reading.problems);
  if (!are_warnings(candidate.read_problems)) return candidate;
  const auto began = steady_clock::now();
  auto snapshot =
      build_snapshot(std::move(reading.document), grounds.before.get(), grounds.ingredients);
  candidate.built_problems = snapshot ? (*snapshot)->warnings : std::move(snapshot.error());
  if (snapshot) fill(candidate, *snapshot, grounds);
  candidate.building = steady_clock::now() - began;
  return candidate;
}

Candidate read_candidate(config::Reader& reader, const Grounds& grounds) {
  const int64_t since = files::now();
  const auto began = steady_clock::now();
  config::Reading reading = reader.read_again(grounds.before->document);
  const auto time = steady_clock::now() - began;
  Candidate candidate = build_candidate(std::move(reading), grounds);
  candidate.read_since = since;
  candidate.reading = time;
  return candidate;
}

}  // namespace gateway::server
