// How long the turns of a loop take, and what in them: as long as that everybody else waits.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "gateway/metrics/counters.h"

namespace gateway::net {

// A turn is what comes between two waits for sockets. Times are nanoseconds of the monotonic clock.
// Written by the loop's thread, its figures are read by any.
class TurnClock {
 public:
  enum class Part : uint8_t { posted, deadlines, scheduled, retired, sockets };
  static constexpr size_t kParts = 5;

  static constexpr std::array<double, 7> kBounds{.001, .005, .02, .05, .1, .5, 2};  // seconds
  using Buckets = std::array<uint64_t, kBounds.size() + 1>;

  static constexpr uint64_t kLong = 100'000'000;          // is worth a line
  static constexpr uint64_t kTellApart = 10'000'000'000;  // between two lines
  static constexpr uint64_t kSlot = 10'000'000'000;       // what one figure of lag() stands for
  static constexpr size_t kSlots = 6;

  // Of whom end() speaks: "worker 1". Without a name it says nothing. Before the loop runs.
  void set_name(std::string name) { name_ = std::move(name); }

  bool begun() const { return began_ != 0; }
  void begin(uint64_t now);
  void spent(Part part, uint64_t time) { parts_[static_cast<size_t>(part)] += time; }
  // The line that is worth saying about it, empty for most.
  std::string end(uint64_t now);

  // Turns by their length, the last bucket without a bound, and the sum of them all.
  Buckets turns() const;
  double seconds() const { return static_cast<double>(sum_.value()) / 1e9; }
  // The longest turn that ended within the last minute, in seconds. Asking changes nothing.
  double lag(uint64_t now) const;
  double lag() const;

 private:
  void note_lag(uint64_t now, uint64_t took);
  std::string told(uint64_t now, uint64_t took);

  std::string name_;
  uint64_t began_ = 0;                    // 0: no turn is under way
  std::array<uint64_t, kParts> parts_{};  // of this turn; sockets are the rest
  uint64_t told_ = 0;
  std::array<metrics::Count, kBounds.size() + 1> buckets_;
  metrics::Count sum_;
  // The number of the slot in time, then microseconds: one figure that is written at once.
  std::array<std::atomic<uint64_t>, kSlots> slots_{};
};

}  // namespace gateway::net
