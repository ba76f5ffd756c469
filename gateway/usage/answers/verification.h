// What `weir usage verify` has found, and how it says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gateway::usage::answers {

struct Difference {
  std::string node;
  std::string boot;
  std::string domain;
  std::optional<int64_t> bucket;  // nothing: of all buckets
  std::string number;             // "client_bytes_out"
  std::optional<uint64_t> meters;
  std::optional<uint64_t> ledger;
  std::optional<uint64_t> records;
  std::string why;  // what should hold and does not
};

struct Verification {
  static constexpr size_t kMostDifferences = 1000;

  std::vector<Difference> differences;  // the first kMostDifferences
  size_t differences_found = 0;
  // What is behind and may be: not an error, but explained.
  std::vector<std::string> notes;
  size_t meter_files = 0;
  size_t slots_compared = 0;
  size_t rows = 0;
  size_t sessions = 0;
  size_t exact = 0;    // boots and domains whose records had to be equal to their rows
  size_t bounded = 0;  // whose records had to be no more than their rows
};

std::string to_text(const Verification& verification);

}  // namespace gateway::usage::answers
