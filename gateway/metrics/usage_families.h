// The families about usage: what meters count, the ledger's health, budgets.
#pragma once

#include "gateway/metrics/exposition.h"
#include "gateway/metrics/families.h"

namespace gateway::metrics {

void add_usage(const UsageFacts& facts, Page& page);

}  // namespace gateway::metrics
