#include "gateway/server/snapshot_builder.h"

#include <utility>

#include "gateway/postgres/target.h"

namespace gateway::server {

namespace {

using config::Problem;

// By the parser of the connection itself: what passes here is what it takes.
std::vector<Problem> problems_of_database(const config::Usage& usage) {
  if (!usage.postgres) return {};
  const auto target = postgres::parse_target(usage.postgres->url);
  if (target) return {};
  return {{.place = usage.place,
           .path = "usage.postgres.url",
           .text = target.error().words(),
           .warning = false,
           .code = {}}};
}

}  // namespace

proto::Result<std::shared_ptr<const route::Snapshot>, std::vector<Problem>> build_snapshot(
    config::Document document, const route::Snapshot* before,
    const route::Ingredients& ingredients) {
  std::vector<Problem> problems = problems_of_database(document.usage);
  auto built = route::build(std::move(document), before, ingredients);
  if (problems.empty()) return built;
  const std::vector<Problem>& others = built ? (*built)->warnings : built.error();
  problems.insert(problems.end(), others.begin(), others.end());
  return proto::Unexpected{std::move(problems)};
}

}  // namespace gateway::server
