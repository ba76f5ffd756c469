#include "gateway/usage/ledger/pending_records.h"

#include <utility>

namespace gateway::usage::ledger {

size_t PendingRecords::Hash::operator()(const Id& id) const {
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(id.data()), id.size()});
}

void PendingRecords::add(std::span<Record> records) {
  for (Record& record : records) {
    const auto known = places_.find(record.session);
    if (known != places_.end()) {
      Record& latest = latest_[known->second];
      if (record.sequence > latest.sequence) latest = std::move(record);
    } else if (latest_.size() < RecordQueue::kMost) {
      places_.emplace(record.session, latest_.size());
      latest_.push_back(std::move(record));
    } else {
      ++dropped_;
    }
  }
}

void PendingRecords::clear() {
  clear_records(latest_);
  // Its buckets would stay.
  if (latest_.capacity() == 0) decltype(places_)().swap(places_);
  places_.clear();
}

}  // namespace gateway::usage::ledger
