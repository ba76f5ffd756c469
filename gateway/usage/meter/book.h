// The meter book: one worker's meters, their clock, and the buckets that they count in.
#pragma once

#include <algorithm>
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

#include "gateway/usage/meter/meter.h"
#include "gateway/usage/meter/slot_pool.h"
#include "gateway/usage/totals.h"

namespace gateway::usage::meter {

// The worker's thread calls tick() at least once a second, and meters belong to it; meter() and the
// ledger's functions are for any thread.
class Book {
 public:
  // `folder`: where the file is made; empty: memory alone, for tests and `weir check`.
  struct Plan {
    std::string folder;
    std::string node;
    std::string boot;
    size_t worker = 0;
    // Beyond it a meter goes on in its latest slot: its bytes are counted, in an older bucket.
    size_t most_slots = 393'216;
  };
  explicit Book(const Plan& plan);
  Book(const Book&) = delete;
  Book& operator=(const Book&) = delete;
  ~Book();  // leaves the file: the ledger removes it once its rows are safe

  // The meter of a domain; kept as long as the book.
  Meter& meter(const std::string& domain);
  // Every meter, in the order of the domains.
  void visit_meters(const std::function<void(const std::string& domain, const Meter&)>& each) const;

  // What the clocks say: `now` is monotonic, `wall` since the epoch. Rolls buckets over, and
  // settles the times of domains with open sessions or requests (not of each of those: there is no
  // sweep over them). Returns when it wants to be called next, on the clock of `now`: at most a
  // second later, at the latest when the bucket ends.
  milliseconds tick(milliseconds now, milliseconds wall);
  // The time between ticks, for open() and close(); costs nothing.
  void set_now(milliseconds now) { clock_.now = std::max(clock_.now, now); }

  // By how much the wall clock jumped against the monotonic one, if by more than 2 s, since the
  // last call; 0: it did not. Any thread.
  milliseconds take_clock_step();

  // For the ledger's thread: what a slot says. Those of all sheets of a key add up.
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
  void release(Slot& slot) { pool_.release(slot); }
  // Makes sure that there are enough free slots; called at each flush, off the worker's thread.
  void provide();
  // Empty: the slots are in the file; else why new ones are in memory alone, or that there are too
  // many.
  std::string trouble() const;
  // Removes the file: every row of it is durable. Nothing is counted any more.
  void discard() { pool_.discard(); }

 private:
  friend class Meter;
  // Of the worker's thread.
  // Null: there are most_slots, and the meter has one for that sheet that it keeps.
  Slot* take(Meter& meter, size_t sheet);
  void hold(Meter::Sheet& sheet);
  void give_up(Meter::Sheet& sheet);
  void give_up_held();
  void activate(Meter& meter);
  void deactivate(Meter& meter);
  void note_step(milliseconds now, milliseconds wall);
  void begin_bucket(int64_t bucket, milliseconds now, milliseconds wall);
  void settle_all();

  const std::string node_;
  const std::string boot_;
  const size_t worker_;
  SlotPool pool_;

  // The worker's alone.
  BookClock clock_;
  std::vector<Meter::Sheet*> held_;  // of meters; their slots are of the reserve
  Meter* active_ = nullptr;          // meters with open sessions or requests
  bool begun_ = false;               // there was a tick
  bool counted_ = false;             // a slot was taken
  int64_t bucket_ = 0;
  uint32_t part_ = 0;
  milliseconds ticked_{0};  // the last tick, by both clocks
  milliseconds wall_{0};

  // Bucket and part as one number that only grows (bucket_place.h). Published after the last write
  // to slots of earlier ones.
  std::atomic<uint64_t> place_{0};
  std::atomic<bool> ticking_{false};  // as `begun_`; before it the place may still go back
  std::atomic<int64_t> clock_step_{0};
  std::atomic<size_t> held_size_{0};

  mutable std::mutex mutex_;  // of the map; what is in it belongs to the worker
  std::map<std::string, std::unique_ptr<Meter>> meters_;
};

}  // namespace gateway::usage::meter
