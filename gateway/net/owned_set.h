// Owns the members of one kind on a loop; one that has ended is retired and deleted when the turn
// ends.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "gateway/net/loop.h"

namespace gateway::net {

class Owned : public Retirable {
 private:
  template <class T>
  friend class OwnedSet;
  size_t place_ = 0;
};

template <class T>  // derives from Owned
class OwnedSet {
 public:
  explicit OwnedSet(Retirement& retirement) : retirement_(retirement) {}

  T& add(std::unique_ptr<T> member) {
    static_cast<Owned&>(*member).place_ = members_.size();
    members_.push_back(std::move(member));
    most_ = std::max(most_, members_.size());
    return *members_.back();
  }

  void retire(T& member) {
    const size_t place = static_cast<Owned&>(member).place_;
    assert(place < members_.size() && members_[place].get() == &member);
    std::swap(members_[place], members_.back());
    static_cast<Owned&>(*members_[place]).place_ = place;
    retirement_.add(std::move(members_.back()));
    members_.pop_back();
    if (members_.capacity() > kSmallest && members_.size() < members_.capacity() / 4)
      members_.shrink_to_fit();
  }

  size_t size() const { return members_.size(); }
  T& at(size_t index) { return *members_[index]; }  // the order changes with every retire()

  // How many there were at the most since the last call.
  size_t take_most() { return std::exchange(most_, members_.size()); }

 private:
  static constexpr size_t kSmallest = 64;
  size_t most_ = 0;
  Retirement& retirement_;
  std::vector<std::unique_ptr<T>> members_;
};

}  // namespace gateway::net
