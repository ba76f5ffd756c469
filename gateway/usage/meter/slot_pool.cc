#include "gateway/usage/meter/slot_pool.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace gateway::usage::meter {

namespace {

void append(std::vector<Slot*>& list, const std::vector<Slot*>& more) {
  list.insert(list.end(), more.begin(), more.end());
}

// The numbers belong to the caller alone: nobody adds to them.
void clear(Slot& slot) {
  for (metrics::Count& number : slot.numbers) number.set(0);
}

}  // namespace

SlotPool::SlotPool(std::string path, Identity of, size_t most)
    : most_(most), file_(path, std::move(of)), without_file_(path.empty()) {}

Slot* SlotPool::take() {
  if (local_.empty()) local_ = fetch();
  if (local_.empty()) return nullptr;
  Slot* const slot = local_.back();
  local_.pop_back();
  local_size_.store(local_.size(), std::memory_order_relaxed);
  return &hand_out(slot);
}

Slot& SlotPool::take_reserved() {
  std::unique_lock lock(mutex_);
  if (reserve_.empty()) {
    lock.unlock();
    const Slots grown = grow();
    lock.lock();
    append(reserve_, grown);
  }
  Slot* const slot = reserve_.back();
  reserve_.pop_back();
  return hand_out(slot);
}

// Counted when it has left its place: whoever counts in between misses it, and never has it twice.
Slot& SlotPool::hand_out(Slot* slot) {
  assert(slot->state.load(std::memory_order_relaxed) == Slot::free);
  taken_.fetch_add(1, std::memory_order_release);
  return *slot;
}

SlotPool::Slots SlotPool::fetch() {
  {
    const std::lock_guard lock(mutex_);
    if (!spare_.empty()) return std::exchange(spare_, {});
    // Their zeros may not be on the disk, but a power cut is less likely than bytes are now.
    if (at_cap()) return std::exchange(cleared_, {});
  }
  return grow();
}

void SlotPool::top_up() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  if (std::exchange(recovered_, false)) keep_back_memory(local_);
  append(local_, spare_);
  spare_.clear();
  local_size_.store(local_.size(), std::memory_order_relaxed);
}

void SlotPool::release(Slot& slot) {
  assert(slot.state.load(std::memory_order_relaxed) != Slot::free);
  // In this order, so that a file which is left behind in between has no row of zeros.
  slot.state.store(Slot::free, std::memory_order_release);
  clear(slot);
  const std::lock_guard lock(mutex_);
  taken_.fetch_sub(1, std::memory_order_relaxed);
  place_for(slot).push_back(&slot);
  assert(count().placed() <= count().all);
}

SlotPool::Slots& SlotPool::place_for(const Slot& released) {
  if (count().circulating() > most_) return reserve_;
  if (!in_memory(released)) return cleared_;
  return without_file_ || !trouble_.empty() ? spare_ : memory_;
}

void SlotPool::provide(size_t most) {
  sync_cleared();
  bool tried = false;
  std::unique_lock lock(mutex_);
  while (wants_more(most)) {
    lock.unlock();
    const Slots grown = grow();
    lock.lock();
    append(spare_, grown);
    tried = true;
  }
  // The disk may have room again, though no slot is needed.
  if (tried || trouble_.empty()) return;
  lock.unlock();
  const Slots grown = grow_file();
  lock.lock();
  append(spare_, grown);
}

bool SlotPool::wants_more(size_t most) const {
  const Census now = count();
  const size_t free = now.spare + now.local;
  const size_t used = now.circulating() - now.cleared - free;
  // A bucket needs no more than `most`, however many older buckets wait for the ledger; and there
  // are always some for domains that come.
  const size_t wanted = std::max(File::kChunkSlots / 2, std::min(used, most));
  return free < wanted && !at_cap();
}

// A released slot is zero on the disk before it is used anew: what a power cut leaves of it can
// then never be the numbers of one domain under the name of another.
void SlotPool::sync_cleared() {
  Slots cleared;
  {
    const std::lock_guard lock(mutex_);
    cleared = std::exchange(cleared_, {});
  }
  if (cleared.empty()) return;
  bool synced = false;
  {
    const std::lock_guard growth(growth_);
    synced = file_.sync();
  }
  const std::lock_guard lock(mutex_);
  append(synced ? spare_ : cleared_, cleared);
}

SlotPool::Slots SlotPool::grow() {
  Slots slots = grow_file();
  if (!slots.empty()) return slots;
  const std::lock_guard growth(growth_);
  const std::lock_guard lock(mutex_);
  if (!memory_.empty()) return std::exchange(memory_, {});
  slots = file_.grow_memory();
  chunks_.push_back(slots.front());
  memory_chunks_.push_back(slots.front());
  return slots;
}

// Empty: the disk has no room, or there is no file.
SlotPool::Slots SlotPool::grow_file() {
  const std::lock_guard growth(growth_);
  Slots slots = file_.grow_file();
  const std::lock_guard lock(mutex_);
  if (!slots.empty()) chunks_.push_back(slots.front());
  use_trouble(file_.trouble());
  return slots;
}

void SlotPool::use_trouble(const std::string& now) {
  const bool better = !trouble_.empty() && now.empty();
  trouble_ = now;
  if (!better) return;
  keep_back_memory(spare_);
  recovered_ = true;
}

void SlotPool::keep_back_memory(Slots& slots) {
  const auto back =
      std::ranges::partition(slots, [this](const Slot* slot) { return !in_memory(*slot); });
  memory_.insert(memory_.end(), back.begin(), back.end());
  slots.erase(back.begin(), back.end());
}

bool SlotPool::in_memory(const Slot& slot) const {
  const auto address = reinterpret_cast<uintptr_t>(&slot);
  return std::ranges::any_of(memory_chunks_, [address](const Slot* chunk) {
    const auto first = reinterpret_cast<uintptr_t>(chunk);
    return address >= first && address < first + File::kChunkSlots * sizeof(Slot);
  });
}

std::vector<Slot*> SlotPool::chunks() const {
  const std::lock_guard lock(mutex_);
  return chunks_;
}

std::string SlotPool::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void SlotPool::discard() {
  const std::lock_guard growth(growth_);
  file_.remove();
  const std::lock_guard lock(mutex_);
  without_file_ = true;
  use_trouble({});
}

SlotPool::Census SlotPool::census() const {
  const std::lock_guard lock(mutex_);
  return count();
}

// `taken` is read first: what has come there has left `local` before.
SlotPool::Census SlotPool::count() const {
  Census census;
  census.taken = taken_.load(std::memory_order_acquire);
  census.local = local_size_.load(std::memory_order_relaxed);
  census.spare = spare_.size();
  census.cleared = cleared_.size();
  census.memory = memory_.size();
  census.reserve = reserve_.size();
  census.all = chunks_.size() * File::kChunkSlots;
  return census;
}

}  // namespace gateway::usage::meter
