// A meter: what the relay adds to. One for each worker and domain; the numbers stand in memory that
// is mapped from a file, so a process that is killed takes none of them along.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "gateway/outcome/end.h"
#include "gateway/usage/meter/slot.h"
#include "gateway/usage/totals.h"

namespace gateway::usage::meter {

using std::chrono::milliseconds;

class Book;

// What a book's meters look at with each addition.
struct BookClock {
  uint64_t turn = 1;    // of the bucket and part that new bytes belong to: changes with either
  milliseconds now{0};  // monotonic
};

// The data path's end of a book, which owns it for as long as it stands. All functions are for the
// worker's thread; none locks, allocates or calls the system, except the first one of a domain in a
// bucket when no slot is left.
class Meter {
 public:
  Meter(Book& book, const BookClock& clock, std::string domain);
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;
  ~Meter() = default;

  void add(Field field, uint64_t number) { slot().numbers[static_cast<size_t>(field)].add(number); }

  // The slot of the bucket that is going on, for several additions in a row; good for the call.
  Slot& slot() {
    if (turn_ != clock_.turn) [[unlikely]]
      roll();
    return *slot_;
  }

  // A session of this domain is open from here to close(): its connection-seconds run.
  void open(bool tls);
  void close(outcome::Cause cause);
  void refuse(outcome::Cause cause);
  void answer(int status);

  // Brings connection_milliseconds up to now; the book does so at each tick.
  void settle();

  uint64_t active() const { return active_; }

 private:
  friend class Book;
  void roll();  // to a slot of the current bucket
  void count(size_t place) { slot().numbers[place].add(1); }

  Book& book_;
  const BookClock& clock_;
  std::string domain_;
  Slot* slot_ = nullptr;
  uint64_t turn_ = 0;  // of the clock, when slot_ was taken
  bool held_ = false;  // slot_ is beyond the book's cap
  uint64_t active_ = 0;
  milliseconds settled_{0};
  Meter* previous_ = nullptr;  // among the book's active meters, while active_ > 0
  Meter* next_ = nullptr;
};

}  // namespace gateway::usage::meter
