// `weir usage verify`: meters, ledger and session records tell the same story, or where they do
// not.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/usage/ledger/ledger.h"
#include "gateway/usage/meter/file_reader.h"
#include "gateway/usage/rows.h"
#include "proto/base/result.h"

namespace gateway::usage::answers {

// Where the three are read from. Read in this order, so that what is live is never behind what it
// is compared with: keys of meters, session records, rows, meters.
class Evidence {
 public:
  virtual ~Evidence() = default;
  // Errors: what could not be read; nothing is said about usage then.
  [[nodiscard]] virtual proto::Result<std::vector<meter::Remains>, std::string> meters() = 0;
  [[nodiscard]] virtual std::string sessions(
      const std::function<void(const ledger::SessionRow&)>& each) = 0;
  [[nodiscard]] virtual std::string rows(const std::function<void(const Row&)>& each) = 0;
};

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

// `kept_since`: Unix seconds; what began before may have been removed in part, so it is compared
// with nothing. Error: what could not be read.
[[nodiscard]] proto::Result<Verification, std::string> verify(Evidence& evidence,
                                                              int64_t kept_since);
std::string to_text(const Verification& verification);

// Of a state_dir. While Weir runs and writes, a comparison may fall between two steps of it, so a
// difference has to be found three times to be one.
[[nodiscard]] proto::Result<Verification, std::string> verify_state(
    const std::string& state_dir, int64_t kept_since, std::chrono::milliseconds pause);

}  // namespace gateway::usage::answers
