// Questions about usage: sums by interval, peaks, percentiles. Knows nothing of where rows come
// from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/usage/rows.h"
#include "proto/base/result.h"

namespace gateway::usage {

struct Question {
  std::vector<std::string> domains;  // empty: all
  int64_t from = 0;                  // Unix seconds; both are whole intervals
  int64_t to = 0;
  int64_t interval = kBucketSeconds;  // a multiple of it
  bool merged = false;                // all domains as one series
};

struct Interval {
  int64_t begin = 0;
  Totals totals;
};

// Bandwidth is of 5-minute buckets, always: bytes * 8 / 300, in bit/s.
struct Peak {
  double bits_per_second = 0;
  int64_t bucket = 0;  // when it was
};

struct Series {
  std::string domain;               // "*": merged
  std::vector<Interval> intervals;  // every one of the range, also without usage
  Totals total;
  Peak peak_out;  // client_bytes_out
  Peak peak_in;
  double p95_out = 0;  // bit/s: the smallest bucket value that 95 % of all buckets do not exceed
  double p95_in = 0;   // empty buckets count
};

// Error: in words for whoever asked.
[[nodiscard]] proto::Result<std::vector<Series>, std::string> ask(Rows& rows,
                                                                  const Question& question);

// Of samples, empty buckets included: the nearest-rank percentile, ceil(0.95 n)-th smallest.
double percentile_95(std::vector<double> samples);

// "2026-11-22", "2026-11-22T10:00:00Z", "2026-11-22T10:00+08:00", "2026-11-22 10:00" (UTC without
// a zone), or Unix seconds with a leading '@'. Error: why not.
[[nodiscard]] proto::Result<int64_t, std::string> parse_time(std::string_view text);
std::string format_time(int64_t unix_seconds);  // "2026-11-22T10:00:00Z"

}  // namespace gateway::usage
