// The side of a book that other threads see: the ledger's above all.
#include "gateway/usage/meter/book_state.h"

#include <algorithm>
#include <utility>

namespace gateway::usage::meter {

namespace {

void append(std::vector<Slot*>& list, const std::vector<Slot*>& more) {
  list.insert(list.end(), more.begin(), more.end());
}

std::string path_of(const Book::Plan& plan) {
  return plan.folder.empty() ? std::string{} : file_path(plan.folder, plan.boot, plan.worker);
}

// The numbers belong to the caller alone: nobody adds to them.
void clear(Slot& slot) {
  for (metrics::Count& number : slot.numbers) number.subtract(number.value());
}

// In the order of number_names(), array by array: a flush reads thousands of slots.
Totals totals_of(const Slot& slot) {
  Totals totals;
  const metrics::Count* next = slot.numbers.data();
  const auto fill = [&next](auto& numbers) {
    for (uint64_t& number : numbers) number = (next++)->value();
  };
  fill(totals.fields);
  fill(totals.closed);
  fill(totals.refused);
  fill(totals.answers);
  return totals;
}

size_t used_slots(const std::vector<Slot*>& chunks) {
  size_t used = 0;
  for (const Slot* const chunk : chunks) {
    for (size_t i = 0; i < File::kChunkSlots; ++i)
      used += chunk[i].state.load(std::memory_order_relaxed) == Slot::free ? 0 : 1;
  }
  return used;
}

}  // namespace

Book::State::State(const Plan& with)
    : plan(with),
      file(path_of(with), with.node, with.boot, with.worker),
      without_file(with.folder.empty()) {}

bool Book::State::in_memory(const Slot& slot) const {
  const auto address = reinterpret_cast<uintptr_t>(&slot);
  return std::ranges::any_of(memory_chunks, [address](const Slot* chunk) {
    const auto first = reinterpret_cast<uintptr_t>(chunk);
    return address >= first && address < first + File::kChunkSlots * sizeof(Slot);
  });
}

size_t Book::State::circulating() const {
  return chunks.size() * File::kChunkSlots - reserve.size() - memory.size();
}

bool Book::State::wants_more() const {
  const size_t free = spare.size() + local_size.load(std::memory_order_relaxed);
  const size_t used = circulating() - cleared.size() - free;
  // A bucket needs one for each meter, however many older buckets wait for the ledger.
  const size_t wanted = std::max(File::kChunkSlots, std::min(used, meters.size()));
  return free < wanted && !at_cap();
}

void Book::State::add_chunk(const std::vector<Slot*>& slots, bool to_file) {
  chunks.push_back(slots.front());
  if (!to_file) memory_chunks.push_back(slots.front());
}

void Book::State::use_trouble(const std::string& now) {
  const bool better = !trouble.empty() && now.empty();
  trouble = now;
  if (!better) return;
  keep_back_memory(spare);
  recovered = true;
}

void Book::State::keep_back_memory(std::vector<Slot*>& slots) {
  const auto back =
      std::ranges::partition(slots, [this](const Slot* slot) { return !in_memory(*slot); });
  memory.insert(memory.end(), back.begin(), back.end());
  slots.erase(back.begin(), back.end());
}

Meter& Book::meter(const std::string& domain) {
  const std::lock_guard lock(state_->mutex);
  std::unique_ptr<Meter>& meter = state_->meters[domain];
  if (meter == nullptr) meter = std::make_unique<Meter>(*this, domain);
  return *meter;
}

std::vector<std::string> Book::domains() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<std::string> names;
  names.reserve(state_->meters.size());
  for (const auto& [name, meter] : state_->meters) names.push_back(name);
  return names;
}

bool Book::has_left(int64_t bucket, uint32_t part) const {
  if (!may_count_in(part, state_->plan.worker)) return true;
  if (!state_->ticking.load(std::memory_order_acquire)) return false;
  return place_of(bucket, part) < state_->place.load(std::memory_order_acquire);
}

std::vector<Book::Reading> Book::read() const {
  std::vector<Slot*> chunks;
  {
    const std::lock_guard lock(state_->mutex);
    chunks = state_->chunks;
  }
  // First of all: what is past as of this moment has had its last write before it. Until the first
  // tick nothing is: that one may bring an earlier time than the system's, and with it slots that
  // look past beside the place of before.
  const bool ticking = state_->ticking.load(std::memory_order_acquire);
  const uint64_t place = state_->place.load(std::memory_order_acquire);
  std::vector<Reading> readings;
  readings.reserve(used_slots(chunks));
  for (Slot* const chunk : chunks) {
    for (size_t i = 0; i < File::kChunkSlots; ++i) {
      Slot& slot = chunk[i];
      const uint64_t kind = slot.state.load(std::memory_order_acquire);
      if (kind == Slot::free) continue;
      const bool past = ticking && kind == Slot::used && place_of(slot.bucket, slot.part) < place;
      readings.push_back({{state_->plan.node,
                           state_->plan.boot,
                           {slot.domain.data(), slot.domain_size},
                           slot.bucket,
                           slot.part},
                          totals_of(slot),
                          past,
                          &slot});
    }
  }
  return readings;
}

void Book::visit_used(const std::function<void(std::string_view, const Slot&)>& each) const {
  std::vector<Slot*> chunks;
  {
    const std::lock_guard lock(state_->mutex);
    chunks = state_->chunks;
  }
  for (const Slot* const chunk : chunks) {
    for (size_t i = 0; i < File::kChunkSlots; ++i) {
      const Slot& slot = chunk[i];
      if (slot.state.load(std::memory_order_acquire) != Slot::free)
        each({slot.domain.data(), slot.domain_size}, slot);
    }
  }
}

void Book::release(Slot& slot) {
  // In this order, so that a file which is left behind in between has no row of zeros.
  slot.state.store(Slot::free, std::memory_order_release);
  clear(slot);
  const std::lock_guard lock(state_->mutex);
  State& state = *state_;
  const bool in_file = !state.in_memory(slot);
  if (state.circulating() > state.plan.most_slots)
    state.reserve.push_back(&slot);
  else if (in_file)
    state.cleared.push_back(&slot);
  else if (state.without_file || !state.trouble.empty())
    state.spare.push_back(&slot);
  else
    state.memory.push_back(&slot);
}

void Book::provide() {
  sync_cleared();
  bool tried = false;
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  while (state.wants_more()) {
    lock.unlock();
    const std::vector<Slot*> grown = grow();
    lock.lock();
    append(state.spare, grown);
    tried = true;
  }
  // The disk may have room again, though no slot is needed.
  if (tried || state.trouble.empty()) return;
  lock.unlock();
  const std::vector<Slot*> grown = grow_file();
  lock.lock();
  append(state.spare, grown);
}

// A released slot is zero on the disk before it is used anew: what a power cut leaves of it can
// then never be the numbers of one domain under the name of another.
void Book::sync_cleared() {
  State& state = *state_;
  std::vector<Slot*> cleared;
  {
    const std::lock_guard lock(state.mutex);
    cleared = std::exchange(state.cleared, {});
  }
  if (cleared.empty()) return;
  bool synced = false;
  {
    const std::lock_guard growth(state.growth);
    synced = state.file.sync();
  }
  const std::lock_guard lock(state.mutex);
  append(synced ? state.spare : state.cleared, cleared);
}

std::vector<Slot*> Book::grow() {
  std::vector<Slot*> slots = grow_file();
  if (!slots.empty()) return slots;
  State& state = *state_;
  const std::lock_guard growth(state.growth);
  const std::lock_guard lock(state.mutex);
  if (!state.memory.empty()) return std::exchange(state.memory, {});
  slots = state.file.grow_memory();
  state.add_chunk(slots, false);
  return slots;
}

// Empty: the disk has no room, or there is no file.
std::vector<Slot*> Book::grow_file() {
  State& state = *state_;
  const std::lock_guard growth(state.growth);
  std::vector<Slot*> slots = state.file.grow_file();
  const std::lock_guard lock(state.mutex);
  if (!slots.empty()) state.add_chunk(slots, true);
  state.use_trouble(state.file.trouble());
  return slots;
}

std::string Book::trouble() const {
  const size_t held = state_->held_size.load(std::memory_order_relaxed);
  if (held > 0) {
    return "there are no more slots: " + std::to_string(held) +
           " domains are counted in an earlier bucket";
  }
  const std::lock_guard lock(state_->mutex);
  return state_->trouble;
}

void Book::discard() {
  State& state = *state_;
  const std::lock_guard growth(state.growth);
  state.file.remove();
  const std::lock_guard lock(state.mutex);
  state.without_file = true;
  state.use_trouble({});
}

}  // namespace gateway::usage::meter
