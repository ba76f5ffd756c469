// Deadlines in thousands, one for each session or connection: a hierarchical timing wheel. Setting
// and clearing cost a few nanoseconds; nothing is done for a deadline until it is due.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace gateway::net {

using std::chrono::milliseconds;

class DeadlineWheel {
 public:
  static constexpr milliseconds kTick{8};  // a deadline fires at most this much late, never early

  // Derive from it; destroying it clears the deadline.
  class Entry {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    // Called once when due; may set the deadline again, and may destroy itself.
    virtual void on_deadline(milliseconds now) = 0;

   protected:
    ~Entry();

   private:
    friend class DeadlineWheel;
    void unlink();
    Entry* previous_ = nullptr;
    Entry* next_ = nullptr;
    DeadlineWheel* wheel_ = nullptr;  // null: no deadline is set
    // In one word: every session has an entry.
    static constexpr int kTickBits = 48;  // 71,000 years
    static constexpr uint64_t kLastTick = (uint64_t{1} << kTickBits) - 1;
    uint64_t tick_ : kTickBits = 0;
    uint64_t level_ : 8 = 0;  // where it is linked
    uint64_t slot_ : 8 = 0;
  };

  explicit DeadlineWheel(milliseconds now);
  DeadlineWheel(const DeadlineWheel&) = delete;
  DeadlineWheel& operator=(const DeadlineWheel&) = delete;
  ~DeadlineWheel();

  // Replaces the entry's deadline. One that has passed fires with the next advance().
  void set(Entry& entry, milliseconds when);
  void clear(Entry& entry);

  // Fires all that is due. `now` never goes back.
  void advance(milliseconds now);

  // The time as of the last advance() or set_now(): the clock of everything on this loop.
  milliseconds now() const { return now_; }
  void set_now(milliseconds now) { now_ = now; }

  // When advance() has something to do next; nothing while no deadline is set. May be early, never
  // late.
  std::optional<milliseconds> next() const;

 private:
  static constexpr int kBits = 6;
  static constexpr int kSlots = 1 << kBits;
  static constexpr int kLevels = 7;  // 8 ms * 2^42: beyond any deadline

  struct Level {
    uint64_t occupied = 0;  // bit n: slots[n] is not empty
    std::array<Entry*, kSlots> slots{};
  };
  // Where entries of the same ticks are linked.
  struct Slot {
    int level;
    int index;
  };

  Slot slot_of(uint64_t tick) const;
  Entry*& head_of(const Slot& slot);
  void link(Entry& entry);
  std::optional<std::pair<Slot, uint64_t>> first() const;  // the one due next, and its first tick
  void run(const Slot& slot);

  milliseconds now_;
  uint64_t elapsed_;  // ticks that were processed
  std::array<Level, kLevels> levels_;
};

}  // namespace gateway::net
