#include "gateway/usage/ledger/pending_records.h"

#include <algorithm>
#include <utility>

namespace gateway::usage::ledger {

size_t PendingRecords::Hash::operator()(const Id& id) const {
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(id.data()), id.size()});
}

void PendingRecords::begin() {
  for (size_t i = places_.size(); i < latest_.size(); ++i) places_.emplace(latest_[i].session, i);
}

void PendingRecords::add(std::span<Record> records) {
  if (latest_.empty()) latest_.reserve(std::min(records.size(), RecordQueue::kMost));
  for (Record& record : records) {
    const auto known = places_.empty() ? places_.end() : places_.find(record.session);
    if (known != places_.end()) {
      Record& latest = latest_[known->second];
      if (record.sequence > latest.sequence) latest = std::move(record);
    } else if (latest_.size() < RecordQueue::kMost) {
      latest_.push_back(std::move(record));
    } else {
      ++dropped_;
    }
  }
}

void PendingRecords::clear() {
  clear_records(latest_);
  // Its buckets would stay.
  if (!places_.empty()) decltype(places_)().swap(places_);
}

}  // namespace gateway::usage::ledger
