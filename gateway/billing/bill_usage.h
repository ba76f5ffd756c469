// What a bill needs of the rows: the billed bytes of each bucket, and the counts that have a price.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gateway/billing/prices.h"
#include "gateway/config/document.h"
#include "gateway/usage/rows.h"
#include "proto/base/result.h"

namespace gateway::billing {

// Of all nodes together. Buckets without a row are not there.
struct Sample {
  int64_t bucket = 0;
  uint64_t bytes = 0;
  uint64_t undelivered = 0;  // to be deducted, here or later
};

struct BilledUsage {
  uint64_t deducted = 0;                       // in the bill's period, and not in the samples
  std::vector<Sample> samples;                 // in the order of time
  std::vector<int64_t> open;                   // buckets that may still change
  std::array<uint64_t, kCounted> counts = {};  // connection_minutes in milliseconds
};
using BilledUsages = std::map<std::string, BilledUsage>;  // by domain

struct UsageWanted {
  usage::Selection selection;
  int64_t counts_from = 0;  // counts and open buckets are of the bill's period, samples of all
  std::function<config::DomainUsage(const std::string& domain)> terms;
};

// Error: why the rows cannot be read, or that their numbers cannot be true.
[[nodiscard]] proto::Result<BilledUsages, std::string> collect(usage::Rows& rows,
                                                               const UsageWanted& wanted);

}  // namespace gateway::billing
