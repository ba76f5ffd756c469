// A value or the reason there is none: std::expected's member names, which GCC 12 does not have in
// C++20.
#pragma once

#include <cassert>
#include <utility>
#include <variant>

namespace proto {

template <class E>
struct Unexpected {
  E error;
};
template <class E>
Unexpected(E) -> Unexpected<E>;

template <class T, class E>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  template <class F>
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Unexpected<F> unexpected) : state_(std::in_place_index<1>, std::move(unexpected.error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() { return assert(has_value()), std::get<0>(state_); }
  const T& value() const { return assert(has_value()), std::get<0>(state_); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  E& error() { return assert(!has_value()), std::get<1>(state_); }
  const E& error() const { return assert(!has_value()), std::get<1>(state_); }

 private:
  std::variant<T, E> state_;
};

}  // namespace proto
