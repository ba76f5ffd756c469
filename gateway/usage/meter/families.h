// The families of a scrape that the meters count: what moved, by domain. There is no second counter
// for them on the data path.
#pragma once

#include "gateway/metrics/families.h"
#include "gateway/usage/meter/books.h"

namespace gateway::usage::meter {

// The byte and time series of every domain are always there, so that a rate sees the first byte;
// the others once there is something to count.
void add_families(const Counted& all, metrics::Page& page);

}  // namespace gateway::usage::meter
