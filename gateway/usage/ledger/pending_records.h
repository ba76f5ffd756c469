// Session records that wait for the disk: the latest of each session alone.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/usage/record.h"

namespace gateway::usage::ledger {

class PendingRecords {
 public:
  // Moves them out. Beyond RecordQueue::kMost sessions the records of further ones are dropped and
  // counted.
  void add(std::span<Record> records);
  // Valid until the next call that is not const.
  std::span<const Record> batch() const { return latest_; }
  void clear();
  bool empty() const { return latest_.empty(); }
  size_t size() const { return latest_.size(); }
  uint64_t dropped() const { return dropped_; }

 private:
  using Id = std::array<uint8_t, 16>;
  struct Hash {
    size_t operator()(const Id& id) const;
  };
  std::vector<Record> latest_;
  std::unordered_map<Id, size_t, Hash> places_;  // in latest_
  uint64_t dropped_ = 0;
};

}  // namespace gateway::usage::ledger
