#include "gateway/usage/pending_records.h"

#include <utility>

namespace gateway::usage {

size_t PendingRecords::Hash::operator()(const Id& id) const {
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(id.data()), id.size()});
}

void PendingRecords::add(std::vector<Record> records) {
  for (Record& record : records) {
    const auto known = latest_.find(record.session);
    if (known != latest_.end()) {
      if (record.sequence > known->second.sequence) known->second = std::move(record);
    } else if (latest_.size() < RecordQueue::kMost) {
      const Id id = record.session;
      latest_.emplace(id, std::move(record));
    } else {
      ++dropped_;
    }
  }
}

std::vector<Record> PendingRecords::batch() const {
  std::vector<Record> all;
  all.reserve(latest_.size());
  for (const auto& [id, record] : latest_) all.push_back(record);
  return all;
}

}  // namespace gateway::usage
