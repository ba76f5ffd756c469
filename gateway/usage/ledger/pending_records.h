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
  // A flush begins. Those that the last one did not bring to the disk go on waiting; a later record
  // of the same session takes the place of one.
  void begin();
  // Moves them out: records of one flush, where a session has one at the most. Beyond
  // RecordQueue::kMost the records of further sessions are dropped and counted.
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
  // In latest_, of those that have been waiting since before the flush; mostly there are none, so
  // that a record costs no look-up.
  std::unordered_map<Id, size_t, Hash> places_;
  uint64_t dropped_ = 0;
};

}  // namespace gateway::usage::ledger
