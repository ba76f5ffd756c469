#include "gateway/usage/record.h"

#include <utility>

namespace gateway::usage {

std::string_view to_string(Record::Kind kind) {
  constexpr std::array<std::string_view, 3> kNames{"start", "interim", "stop"};
  return kNames[static_cast<size_t>(kind)];
}

void clear_records(std::vector<Record>& records) {
  constexpr size_t kSpare = 64;
  records.clear();
  if (records.capacity() > kSpare) std::vector<Record>().swap(records);
}

RecordTicket RecordQueue::push(Record record, RecordTicket before) {
  const std::lock_guard lock(mutex_);
  if (before.batch == batch_) {
    records_[before.place] = std::move(record);
    return before;
  }
  if (records_.size() >= kMost) {
    ++dropped_;
    return {};
  }
  records_.push_back(std::move(record));
  return {.batch = batch_, .place = static_cast<uint32_t>(records_.size() - 1)};
}

std::vector<Record> RecordQueue::take(std::vector<Record> used) {
  clear_records(used);
  const std::lock_guard lock(mutex_);
  records_.swap(used);
  if (++batch_ == 0) batch_ = 1;
  return used;
}

uint64_t RecordQueue::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace gateway::usage
