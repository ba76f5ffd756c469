// A list whose copies share their items until one of them changes an item.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace gateway::config {

// Reads as a vector of T does. An item of a list that is not const is the list's own: it is copied
// first where another list, or anybody else, has it, too. A list is one thread's, and is changed
// before an item of it is given to another thread; from then on items are immutable.
template <class T>
class SharedList {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    Iterator() = default;
    explicit Iterator(const std::shared_ptr<T>* at) : at_(at) {}
    reference operator*() const { return **at_; }
    pointer operator->() const { return at_->get(); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return Iterator(at_++); }
    bool operator==(const Iterator&) const = default;

   private:
    const std::shared_ptr<T>* at_ = nullptr;
  };

  Iterator begin() const { return Iterator(items_.data()); }
  Iterator end() const { return Iterator(items_.data() + items_.size()); }
  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  void clear() { items_.clear(); }

  const T& operator[](size_t i) const { return *items_[i]; }
  const T& front() const { return *items_.front(); }
  const T& back() const { return *items_.back(); }
  std::shared_ptr<const T> share(size_t i) const { return items_[i]; }

  T& operator[](size_t i) { return own(i); }
  T& front() { return own(0); }
  T& back() { return own(items_.size() - 1); }

  void push_back(T item) { items_.push_back(std::make_shared<T>(std::move(item))); }
  // One that others have, too.
  void push_back(std::shared_ptr<T> item) { items_.push_back(std::move(item)); }
  // Item `i` is from now on that of another list, which is equal to it.
  void share_item(size_t i, const SharedList& other, size_t its) { items_[i] = other.items_[its]; }
  T& emplace_back() { return *items_.emplace_back(std::make_shared<T>()); }

  bool operator==(const SharedList& other) const {
    if (size() != other.size()) return false;
    for (size_t i = 0; i < size(); ++i) {
      if (items_[i] != other.items_[i] && !(*items_[i] == *other.items_[i])) return false;
    }
    return true;
  }

 private:
  T& own(size_t i) {
    if (items_[i].use_count() > 1) items_[i] = std::make_shared<T>(*items_[i]);
    return *items_[i];
  }

  std::vector<std::shared_ptr<T>> items_;
};

}  // namespace gateway::config
