#include "gateway/server/old_snapshots.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gateway::server {

void OldSnapshots::add(std::shared_ptr<const route::Snapshot> snapshot) {
  if (held_.empty()) loop_.wheel().set(*this, loop_.now() + kLook);
  held_.push_back(std::move(snapshot));
}

void OldSnapshots::on_deadline(std::chrono::milliseconds now) {
  const auto in_use = [](const auto& snapshot) { return snapshot.use_count() > 1; };
  const auto unused = std::ranges::partition(held_, in_use);
  if (!unused.empty()) {
    // Moved, since a copy that is left here could be the last.
    std::vector<std::shared_ptr<const route::Snapshot>> ended(
        std::make_move_iterator(unused.begin()), std::make_move_iterator(unused.end()));
    held_.erase(unused.begin(), unused.end());
    disposal_.run([all = std::move(ended)]() -> net::SideThread::Done { return nullptr; });
  }
  if (!held_.empty()) loop_.wheel().set(*this, now + kLook);
}

}  // namespace gateway::server
