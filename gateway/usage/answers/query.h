// Questions about usage: sums by interval, peaks, percentiles. Knows nothing of where rows come
// from.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/usage/answers/tariffs.h"
#include "gateway/usage/answers/time_text.h"
#include "gateway/usage/rows.h"
#include "proto/base/result.h"

namespace gateway::usage::answers {

struct Question {
  std::vector<std::string> domains;    // empty: all
  int64_t from = 0;                    // Unix seconds; both begin a bucket
  int64_t to = 0;                      // intervals are counted from `from`; the last may be shorter
  int64_t interval = kBucketSeconds;   // a multiple of it
  bool merged = false;                 // all domains as one series
  bool percentiles = true;             // false: none are wanted, and no sample is kept
  const Tariffs* tariffs = nullptr;    // null: nobody knows how they are billed
  std::function<bool()> give_up = {};  // asked now and then; true: the answer is an error
  // As it was written, for an answer that says it back; 0: from and to.
  int64_t said_from = 0;
  int64_t said_to = 0;
};

struct Interval {
  int64_t begin = 0;
  Totals totals;
  double peak_out = 0;  // bit/s, of its buckets
  double peak_in = 0;
  uint64_t billed = 0;     // bytes of each domain's billed direction
  double peak_billed = 0;  // bit/s
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

  // What is billed, by the direction of each domain; out where that is not known.
  uint64_t billed = 0;
  Peak peak_billed;
  double p95_billed = 0;
  // usage.overhead_percent of `billed`, rounded to whole bytes. In no other figure.
  uint64_t overhead = 0;
};

// What an answer may hold at most, whoever asks: about 300 MB.
inline constexpr size_t kMostIntervals = 262'144;
inline constexpr size_t kMostSamples = 8'000'000;

// Error: in words for whoever asked.
[[nodiscard]] proto::Result<std::vector<Series>, std::string> ask(Rows& rows,
                                                                  const Question& question);

// Those of the asked domains that no row is of, in all of time.
[[nodiscard]] proto::Result<std::vector<std::string>, std::string> without_rows(
    Rows& rows, const std::vector<std::string>& domains, const std::function<bool()>& give_up);

// The nearest-rank percentile, the ceil(0.95 n)-th smallest, of n = `all` values: those in
// `present`, and 0 for each one that is not.
uint64_t percentile_95(std::vector<uint64_t> present, size_t all);

// What rows there are at all, for whoever asked in vain. Reads everything.
struct Holdings {
  std::vector<std::string> domains;  // sorted
  struct Range {
    int64_t first = 0;  // the begin of a bucket
    int64_t last = 0;
  };
  std::optional<Range> range;
};
[[nodiscard]] proto::Result<Holdings, std::string> holdings(Rows& rows);

}  // namespace gateway::usage::answers
