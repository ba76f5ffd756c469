// Builds the snapshot of a configuration, and judges what no part above this one can.
#pragma once

#include <memory>
#include <vector>

#include "gateway/route/builder.h"

namespace gateway::server {

// As route::build(). Error: everything that stands in the way, with its place in the files.
[[nodiscard]] proto::Result<std::shared_ptr<const route::Snapshot>, std::vector<config::Problem>>
build_snapshot(config::Document document, const route::Snapshot* before,
               const route::Ingredients& ingredients);

}  // namespace gateway::server
