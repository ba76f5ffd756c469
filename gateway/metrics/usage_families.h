// The families about usage: what is billed beside bytes, the ledger's health, budgets.
#pragma once

#include "gateway/metrics/exposition.h"
#include "gateway/metrics/families.h"

namespace gateway::metrics {

void add_usage(const Registry& registry, const UsageFacts& facts, Page& page);

}  // namespace gateway::metrics
