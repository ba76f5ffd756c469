#include "gateway/origin/candidates.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace gateway::origin {

Candidates::Candidates(std::vector<Candidate> in_order) : waiting_(std::move(in_order)) {
  std::ranges::reverse(waiting_);
}

void Candidates::go_on() {
  assert(!waiting_.empty());
  current_ = waiting_.back();
  waiting_.pop_back();
  begun_ = true;
}

bool Candidates::next_is_elsewhere() const {
  return begun_ && !waiting_.back().address.is_same_host(current_.address);
}

bool Candidates::has_untried(const Trail& trail) const {
  return std::ranges::any_of(
      waiting_, [&trail](const Candidate& one) { return !trail.has_tried(one.address); });
}

void Candidates::drop_same_port() {
  std::erase_if(waiting_, [this](const Candidate& one) { return one.port == current_.port; });
}

void Candidates::drop_other_hosts() {
  std::erase_if(waiting_, [this](const Candidate& one) {
    return !one.address.is_same_host(current_.address);
  });
}

}  // namespace gateway::origin
