// The meters: what the relay adds to. One for each worker and domain; the numbers stand in memory
// that is mapped from a file, so a process that is killed takes none of them along.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/metrics/counters.h"
#include "gateway/usage/totals.h"

namespace gateway::usage::meter {

using std::chrono::milliseconds;

// One worker's numbers of one domain in one bucket, as the file holds them (meter_layout.h).
// `state` is written last when it is taken, so a slot is whole or free.
struct alignas(64) Slot {
  // held: its meter goes on in it when its bucket is over, because there are no more slots.
  enum State : uint64_t { free = 0, used = 1, held = 2 };
  static constexpr size_t kMaxDomain = 256;

  std::atomic<uint64_t> state{free};
  int64_t bucket = 0;
  uint32_t part = 0;
  uint32_t domain_size = 0;
  uint64_t check = 0;  // of the fields beside it
  std::array<char, kMaxDomain> domain{};
  std::array<metrics::Count, kNumbers> numbers;
};

class Book;

// The data path's end of it. All functions are for the worker's thread; none locks, allocates or
// calls the system, except the first one of a domain in a bucket when no slot is left.
class Meter {
 public:
  Meter(Book& book, std::string domain);
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;
  ~Meter() = default;

  void add(Field field, uint64_t number) { slot().numbers[static_cast<size_t>(field)].add(number); }

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
  inline Slot& slot();
  void roll();  // to a slot of the current bucket
  void count(size_t place) { slot().numbers[place].add(1); }

  Book& book_;
  std::string domain_;
  Slot* slot_ = nullptr;
  uint64_t turn_ = 0;  // of the book, when slot_ was taken
  bool held_ = false;  // slot_ is beyond the book's cap
  uint64_t active_ = 0;
  milliseconds settled_{0};
  Meter* previous_ = nullptr;  // among the book's active meters, while active_ > 0
  Meter* next_ = nullptr;
};

class File;

// One worker's meters and their clock. The worker's thread calls tick() at least once a second, and
// meters belong to it; domain() and the ledger's functions are for any thread.
class Book {
 public:
  // `folder`: where the file is made; empty: memory alone, for tests and `weir check`.
  struct Plan {
    std::string folder;
    std::string node;
    std::string boot;
    size_t worker = 0;
    // Beyond it a meter goes on in its latest slot: its bytes are counted, in an older bucket.
    size_t most_slots = 262'144;
  };
  explicit Book(const Plan& plan);
  Book(const Book&) = delete;
  Book& operator=(const Book&) = delete;
  ~Book();  // leaves the file: the ledger removes it once its rows are safe

  // The meter of a domain; kept as long as the book.
  Meter& meter(const std::string& domain);
  std::vector<std::string> domains() const;  // that have a meter, sorted

  // What the clocks say: `now` is monotonic, `wall` since the epoch. Rolls buckets over, and
  // settles the connection-seconds of domains with open sessions (not of sessions: there is no
  // sweep over those). Returns when it wants to be called next, on the clock of `now`: at most a
  // second later, at the latest when the bucket ends.
  milliseconds tick(milliseconds now, milliseconds wall);
  // The time between ticks, for open() and close(); costs nothing.
  void set_now(milliseconds now) { now_ = std::max(now_, now); }

  // By how much the wall clock jumped against the monotonic one, if by more than 2 s, since the
  // last call; 0: it did not. Any thread.
  milliseconds take_clock_step();

  // For the ledger's thread.
  struct Reading {
    RowKey key;  // node and boot included
    Totals totals;
    bool past = false;  // the worker has left this bucket for good: the numbers are final
    Slot* slot = nullptr;
  };
  // All used slots.
  std::vector<Reading> read() const;
  // The same for whoever wants but a few numbers of each. Nobody may release a slot meanwhile.
  void visit_used(const std::function<void(std::string_view domain, const Slot& slot)>& each) const;
  // Whether the worker will take no slot of this bucket and part any more. To be asked before
  // read(): then a key that has no reading has had its last byte.
  bool has_left(int64_t bucket, uint32_t part) const;
  // Gives back a slot whose row is durable and complete.
  void release(Slot& slot);
  // Makes sure that there are enough free slots; called at each flush, off the worker's thread.
  void provide();
  // Empty: the slots are in the file; else why new ones are in memory alone, or that there are too
  // many.
  std::string trouble() const;
  // Removes the file: every row of it is durable. Nothing is counted any more.
  void discard();

 private:
  friend class Meter;
  // Of the worker's thread.
  Slot* take(Meter& meter);  // null: there are most_slots, and the meter has one that it keeps
  Slot* free_slot();
  std::vector<Slot*> fetch();
  Slot& reserved_slot(Meter& meter);
  void give_up(Meter& meter);
  void give_up_held();
  void activate(Meter& meter);
  void deactivate(Meter& meter);
  void note_step(milliseconds now, milliseconds wall);
  void begin_bucket(int64_t bucket, milliseconds now, milliseconds wall);
  void settle_all();
  void top_up();
  // Of any thread.
  std::vector<Slot*> grow();
  std::vector<Slot*> grow_file();
  void sync_cleared();

  struct State;
  std::unique_ptr<State> state_;
  // The bucket and part that new bytes belong to. `turn` changes with either.
  uint64_t turn_ = 1;
  milliseconds now_{0};
};

inline Slot& Meter::slot() {
  if (turn_ != book_.turn_) [[unlikely]]
    roll();
  return *slot_;
}

}  // namespace gateway::usage::meter
