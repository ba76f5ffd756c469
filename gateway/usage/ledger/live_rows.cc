#include "gateway/usage/ledger/live_rows.h"

#include <algorithm>
#include <utility>

namespace gateway::usage::ledger {

void LiveRows::read(bool last) {
  for (auto& [key, entry] : entries_) {
    entry.seen = {};
    entry.complete = true;  // until a reading says otherwise
    entry.slots.clear();
  }
  for (size_t worker = 0; worker < meters_.size(); ++worker) {
    for (const meter::Book::Reading& reading : meters_.book(worker).read()) take(worker, reading);
  }
  for (auto& [key, entry] : entries_) judge(entry, key, last);
}

void LiveRows::take(size_t worker, const meter::Book::Reading& reading) {
  const auto [place, is_new] = entries_.try_emplace(reading.key);
  Entry& entry = place->second;
  if (is_new) {
    entry.complete = true;
    entry.left.resize(meters_.size(), false);
  }
  entry.seen += reading.totals;
  entry.complete = entry.complete && reading.past;
  if (reading.past) entry.left[worker] = true;
  entry.slots.push_back({&meters_.book(worker), reading.slot});
}

// A worker without a slot of the key may still have taken one after it was read. So it counts as
// gone only if it had left the bucket before this reading began: by the end of the one before.
void LiveRows::judge(Entry& entry, const RowKey& key, bool last) {
  const bool all_left = std::ranges::all_of(entry.left, [](bool left) { return left; });
  entry.complete = last || (entry.complete && all_left);
  for (size_t worker = 0; worker < entry.left.size(); ++worker) {
    if (!entry.left[worker])
      entry.left[worker] = meters_.book(worker).has_left(key.bucket, key.part);
  }
}

std::vector<Row> LiveRows::changed(size_t most) const {
  std::vector<Row> rows;
  for (const auto& [key, entry] : entries_) {
    if (rows.size() >= most) break;
    if (entry.in_ledger && !entry.complete && entry.seen == entry.written) continue;
    rows.push_back({key, entry.seen, entry.complete});
  }
  return rows;
}

void LiveRows::written(std::span<const Row> rows) {
  for (const Row& row : rows) {
    const auto place = entries_.find(row.key);
    if (place == entries_.end()) continue;
    Entry& entry = place->second;
    entry.written = row.totals;
    entry.in_ledger = true;
    if (!row.complete) continue;
    meters_.retire(row, entry.slots);
    entries_.erase(place);
  }
}

void LiveRows::forget_written() {
  for (auto& [key, entry] : entries_) entry.in_ledger = false;
}

}  // namespace gateway::usage::ledger
