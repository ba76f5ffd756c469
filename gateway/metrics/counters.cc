#include "gateway/metrics/counters.h"

#include <algorithm>

namespace gateway::metrics {

namespace {
// The last one is every other.
template <size_t kSlots>
size_t slot_of(const std::array<int, kSlots>& statuses, int status) {
  const auto* const found = std::ranges::find(statuses, status);
  return found == statuses.end() ? kSlots - 1 : static_cast<size_t>(found - statuses.begin());
}
}  // namespace

size_t status_slot(int status) { return slot_of(kStatuses, status); }
size_t http_status_slot(int status) { return slot_of(kHttpStatuses, status); }

size_t close_slot(uint16_t code) {
  if (code >= 1000 && code <= 1014 && code != 1005 && code != 1006) return code - 1000U;
  if (code >= 3000 && code <= 3999) return 15;
  if (code >= 4000 && code <= 4999) return 16;
  return 17;
}

std::string_view close_slot_name(size_t slot) {
  constexpr std::array<std::string_view, kCloseSlots> kNames{
      "1000", "1001", "1002", "1003", "1004", "1005", "1006", "1007", "1008",
      "1009", "1010", "1011", "1012", "1013", "1014", "3xxx", "4xxx", "none"};
  return kNames[slot];
}

namespace {
template <class Block>
std::vector<Block*> blocks_of(std::map<std::string, std::vector<std::unique_ptr<Block>>>& all,
                              const std::string& name, size_t workers) {
  std::vector<std::unique_ptr<Block>>& blocks = all[name];
  while (blocks.size() < workers) blocks.push_back(std::make_unique<Block>());
  std::vector<Block*> out;
  out.reserve(blocks.size());
  for (const auto& block : blocks) out.push_back(block.get());
  return out;
}
}  // namespace

std::vector<Domain*> Registry::domain(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return blocks_of(domains_, name, workers_.size());
}

std::vector<Listener*> Registry::listener(const std::string& name) {
  const std::lock_guard lock(listeners_mutex_);
  return blocks_of(listeners_, name, workers_.size());
}

std::vector<Origin*> Registry::origin(const std::string& domain, const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto& origins = origins_[domain];
  const bool beyond = origins.size() >= kMostOrigins && !origins.contains(name);
  return blocks_of(origins, beyond ? kOtherOrigin : name, workers_.size());
}

}  // namespace gateway::metrics
