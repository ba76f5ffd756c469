#include "gateway/usage/record.h"

#include <utility>

namespace gateway::usage {

std::string_view to_string(Record::Kind kind) {
  constexpr std::array<std::string_view, 3> kNames{"start", "interim", "stop"};
  return kNames[static_cast<size_t>(kind)];
}

void RecordQueue::push(Record record) {
  const std::lock_guard lock(mutex_);
  if (records_.size() >= kMost) {
    ++dropped_;
    return;
  }
  records_.push_back(std::move(record));
}

std::vector<Record> RecordQueue::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(records_, {});
}

uint64_t RecordQueue::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace gateway::usage
