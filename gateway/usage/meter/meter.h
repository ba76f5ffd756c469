// A meter: what the relay adds to. One for each worker and domain; the numbers stand in memory that
// is mapped from a file, so a process that is killed takes none of them along.
#pragma once

#include <array>
#include <cassert>
#include <chrono>
#include <cstddef>
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
// worker's thread, unless they say otherwise; none locks, allocates or calls the system, except the
// first one of a domain and sheet in a bucket when no slot is left.
class Meter {
 public:
  Meter(Book& book, const BookClock& clock, std::string domain);
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;
  ~Meter() = default;

  // Of sessions and attempts at one.
  void add(Field field, uint64_t number) {
    assert(static_cast<size_t>(field) < kSessionFields);
    slot().numbers[static_cast<size_t>(field)].add(number);
  }
  // Of plain requests.
  void add_http(Field field, uint64_t number) { add_at(place_of(field), number); }

  // The slot of the first sheet and of the bucket that is going on, for several additions of add()
  // in a row; good for the call.
  Slot& slot() { return slot_of(0); }

  // A session of this domain is open from here to close(): its connection-seconds run.
  void open(bool tls);
  void close(outcome::Cause cause);
  void refuse(outcome::Cause cause);
  void answer(int status);

  // A plain request is under way to an origin from here to end_exchange(): its time runs.
  void begin_exchange();
  void end_exchange();
  // It is answered: a request is counted with its answer.
  void answer_http(int status);

  // Brings the times up to now; the book does so at each tick.
  void settle();

  // Any thread.
  uint64_t sessions() const { return sessions_.value(); }
  uint64_t exchanges() const { return exchanges_.value(); }

 private:
  friend class Book;
  // Where the numbers of a sheet go.
  struct Sheet {
    Slot* slot = nullptr;
    uint64_t turn = 0;  // of the clock, when it was taken
    bool held = false;  // it is beyond the book's cap
  };

  Slot& slot_of(size_t sheet) {
    if (sheets_[sheet].turn != clock_.turn) [[unlikely]]
      roll(sheet);
    return *sheets_[sheet].slot;
  }
  void add_at(size_t place, uint64_t number) {
    slot_of(place / kSheetNumbers).numbers[place % kSheetNumbers].add(number);
  }
  void roll(size_t sheet);  // to a slot of the current bucket
  void begin(metrics::Count& active);
  void end(metrics::Count& active);
  bool is_active() const { return sessions() + exchanges() > 0; }

  Book& book_;
  const BookClock& clock_;
  std::string domain_;
  std::array<Sheet, kSheets> sheets_;
  metrics::Count sessions_;   // open now
  metrics::Count exchanges_;  // under way now
  milliseconds settled_{0};
  Meter* previous_ = nullptr;  // among the book's active meters, while is_active()
  Meter* next_ = nullptr;
};

}  // namespace gateway::usage::meter
