// The inside of a book: what its worker's thread has, and what it shares with the ledger's.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/usage/meter/file.h"
#include "gateway/usage/meter/meter.h"

namespace gateway::usage::meter {

// Where free slots are:
//   local      the worker's own, taken without a lock
//   spare      on their way to the worker: it fetches them at its ticks
//   cleared    released, but their zeros are not on the disk yet
//   memory     outside the file, kept back while the file has room
//   reserve    beyond the cap: for meters that have no slot at all
struct Book::State {
  explicit State(const Plan& with);

  const Plan plan;

  // The worker's alone.
  std::vector<Slot*> local;
  std::vector<Meter*> held;  // meters whose slot is of the reserve
  Meter* active = nullptr;   // those with open sessions
  bool begun = false;        // there was a tick
  bool counted = false;      // a slot was taken
  int64_t bucket = 0;
  uint32_t part = 0;
  milliseconds ticked{0};  // the last tick, by both clocks
  milliseconds wall{0};

  // Part and bucket as one number that only grows. Published after the last write to slots of
  // earlier ones.
  std::atomic<uint64_t> place{0};
  std::atomic<bool> ticking{false};  // as `begun`; before it the place may still go back
  std::atomic<int64_t> clock_step{0};
  std::atomic<size_t> local_size{0};
  std::atomic<size_t> held_size{0};

  // Of whoever makes the file longer: held while the disk works. Taken before `mutex`.
  std::mutex growth;
  File file;

  // Of all that follows; never held while the disk works.
  mutable std::mutex mutex;
  std::map<std::string, std::unique_ptr<Meter>> meters;
  std::vector<Slot*> chunks;  // the first slot of each
  std::vector<Slot*> memory_chunks;
  std::vector<Slot*> spare, cleared, memory, reserve;
  bool without_file;       // by plan, or discarded
  bool recovered = false;  // `local` may still have slots outside the file, which has room again
  std::string trouble;

  // With `mutex` held.
  bool in_memory(const Slot& slot) const;
  size_t circulating() const;
  bool at_cap() const { return circulating() + File::kChunkSlots > plan.most_slots; }
  bool wants_more() const;
  void add_chunk(const std::vector<Slot*>& slots, bool to_file);
  void use_trouble(const std::string& now);
  void keep_back_memory(std::vector<Slot*>& slots);
};

// Workers see a step of the wall clock at different times, or not at all. So what comes after one
// is the worker's own: nobody else ever counts there, and it is complete once this worker left it.
inline constexpr uint32_t kStepBits = 20;
inline constexpr uint32_t kLastStep = (uint32_t{1} << kStepBits) - 1;

inline uint32_t part_after(uint32_t part, size_t worker) {
  const uint32_t step = std::min((part & kLastStep) + 1, kLastStep);
  return static_cast<uint32_t>(worker) << kStepBits | step;
}

inline bool may_count_in(uint32_t part, size_t worker) {
  return part == 0 || part >> kStepBits == worker;
}

inline uint64_t place_of(int64_t bucket, uint32_t part) {
  return uint64_t{part} << 32 | static_cast<uint64_t>(bucket / kBucketSeconds);
}

}  // namespace gateway::usage::meter
