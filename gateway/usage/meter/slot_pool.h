// The slots of one book, and how they go round between its worker, which takes them, and the
// ledger's thread, which gives them back.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/usage/meter/file.h"
#include "gateway/usage/meter/slot.h"

namespace gateway::usage::meter {

// Where a slot is:
//
//    file ──grow──▶ spare ──top_up──▶ local ──take──▶ taken ──release──▶ cleared ──sync──▶ spare
//                     ▲                                 │
//    memory ──────────┘ while the file has no room ◀────┤
//    reserve ──────take_reserved──────▶ taken           └──────────────▶ reserve
//
//   local      the worker's own, taken without a lock
//   spare      on its way to the worker, which fetches it at its ticks
//   cleared    released, but its zeros are not on the disk yet
//   memory     outside the file, kept back while the file has room
//   reserve    beyond the cap: for meters that have no slot at all
//
// A slot never goes: it is in one of these places, or taken.
class SlotPool {
 public:
  // `path`: of the file; empty: memory alone, for good. At most `most` slots go round; those of the
  // reserve come on top.
  SlotPool(std::string path, Identity of, size_t most);

  // The worker's thread. Both give a free slot; take() none at the cap. They lock and may wait for
  // the disk only when the worker has no slot of its own left.
  [[nodiscard]] Slot* take();
  [[nodiscard]] Slot& take_reserved();
  // Fetches what is spare. Leaves it for the next time when another thread has the lists.
  void top_up();
  bool has_local() const { return !local_.empty(); }

  // The ledger's thread: the slot's row is durable and complete.
  void release(Slot& slot);
  // Brings the zeros of released slots to the disk, and makes sure that there are enough free slots
  // for the next bucket, which takes no more than `most`.
  void provide(size_t most);

  // Any thread. The first slot of each chunk of File::kChunkSlots; chunks stay where they are.
  std::vector<Slot*> chunks() const;
  // Why new slots are in memory alone; empty: they are not.
  std::string trouble() const;
  // Removes the file. Slots stay usable; new ones are in memory.
  void discard();

  // How many slots are where. While none is on its way the places add up to `all`.
  struct Census {
    size_t local = 0;
    size_t spare = 0;
    size_t cleared = 0;
    size_t memory = 0;
    size_t reserve = 0;
    size_t taken = 0;
    size_t all = 0;

    size_t placed() const { return local + spare + cleared + memory + reserve + taken; }
    // What counts against the cap.
    size_t circulating() const { return all - memory - reserve; }
  };
  Census census() const;

 private:
  using Slots = std::vector<Slot*>;
  Slot& hand_out(Slot* slot);
  Slots fetch();
  Slots grow();
  Slots grow_file();
  void sync_cleared();
  // With `mutex_` held.
  Census count() const;
  bool at_cap() const { return count().circulating() + File::kChunkSlots > most_; }
  bool wants_more(size_t most) const;
  bool in_memory(const Slot& slot) const;
  Slots& place_for(const Slot& released);
  void use_trouble(const std::string& now);
  void keep_back_memory(Slots& slots);

  const size_t most_;

  Slots local_;  // the worker's alone
  std::atomic<size_t> local_size_{0};
  std::atomic<size_t> taken_{0};

  // Of whoever makes the file longer: held while the disk works. Taken before `mutex_`.
  std::mutex growth_;
  File file_;

  // Of all that follows; never held while the disk works.
  mutable std::mutex mutex_;
  Slots chunks_, memory_chunks_;  // the first slot of each
  Slots spare_, cleared_, memory_, reserve_;
  bool without_file_;       // by plan, or discarded
  bool recovered_ = false;  // `local_` may still have slots outside the file, which has room again
  std::string trouble_;
};

}  // namespace gateway::usage::meter
