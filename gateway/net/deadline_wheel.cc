#include "gateway/net/deadline_wheel.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace gateway::net {

namespace {
// Rounded up: a deadline never fires early.
uint64_t tick_of(milliseconds time) {
  const auto count = time.count() < 0 ? 0 : static_cast<uint64_t>(time.count());
  const auto tick = static_cast<uint64_t>(DeadlineWheel::kTick.count());
  return (count + tick - 1) / tick;
}
}  // namespace

DeadlineWheel::Entry::~Entry() { unlink(); }

void DeadlineWheel::Entry::unlink() {
  if (wheel_ == nullptr) return;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else {
    Level& level = wheel_->levels_[level_];
    assert(level.slots[slot_] == this && (level.occupied >> slot_ & 1) != 0);
    level.slots[slot_] = next_;
    if (next_ == nullptr) level.occupied &= ~(uint64_t{1} << slot_);
  }
  previous_ = next_ = nullptr;
  wheel_ = nullptr;
}

DeadlineWheel::DeadlineWheel(milliseconds now)
    : now_(now), elapsed_(static_cast<uint64_t>(now / kTick)) {}

DeadlineWheel::~DeadlineWheel() {
  for (Level& level : levels_) {
    for (Entry*& head : level.slots) {
      while (head != nullptr) head->unlink();
    }
  }
}

// The level is the highest group of six bits in which the tick differs from the time that has
// elapsed.
DeadlineWheel::Slot DeadlineWheel::slot_of(uint64_t tick) const {
  const uint64_t difference = (tick ^ elapsed_) | (kSlots - 1);
  const int level = (63 - std::countl_zero(difference)) / kBits;
  return {level, static_cast<int>((tick >> (level * kBits)) & (kSlots - 1))};
}

DeadlineWheel::Entry*& DeadlineWheel::head_of(const Slot& slot) {
  return levels_[static_cast<size_t>(slot.level)].slots[static_cast<size_t>(slot.index)];
}

void DeadlineWheel::link(Entry& entry) {
  assert(entry.wheel_ == nullptr && entry.tick_ > elapsed_);
  const Slot slot = slot_of(entry.tick_);
  assert(slot.level < kLevels);
  Entry*& head = head_of(slot);
  entry.wheel_ = this;
  entry.level_ = static_cast<uint8_t>(slot.level);
  entry.slot_ = static_cast<uint8_t>(slot.index);
  entry.previous_ = nullptr;
  entry.next_ = head;
  if (head != nullptr) head->previous_ = &entry;
  head = &entry;
  levels_[static_cast<size_t>(slot.level)].occupied |= uint64_t{1} << slot.index;
}

void DeadlineWheel::set(Entry& entry, milliseconds when) {
  entry.unlink();
  constexpr uint64_t kFarthest = (uint64_t{1} << (kLevels * kBits)) - 1;
  const uint64_t tick = std::min(std::max(tick_of(when), elapsed_ + 1), elapsed_ | kFarthest);
  assert(tick <= Entry::kLastTick);
  entry.tick_ = tick & Entry::kLastTick;
  link(entry);
}

void DeadlineWheel::clear(Entry& entry) { entry.unlink(); }

std::optional<std::pair<DeadlineWheel::Slot, uint64_t>> DeadlineWheel::first() const {
  for (int level = 0; level < kLevels; ++level) {
    const uint64_t occupied = levels_[static_cast<size_t>(level)].occupied;
    if (occupied == 0) continue;
    // Slots of a level lie after the current one: what lies before would stand on a higher level.
    const int index = std::countr_zero(occupied);
    const int shift = level * kBits;
    const uint64_t above = elapsed_ >> (shift + kBits) << (shift + kBits);
    const uint64_t tick = above | (static_cast<uint64_t>(index) << shift);
    assert(tick > elapsed_);
    return {{{level, index}, tick}};
  }
  return std::nullopt;
}

std::optional<milliseconds> DeadlineWheel::next() const {
  const auto due = first();
  if (!due) return std::nullopt;
  return kTick * static_cast<int64_t>(due->second);
}

void DeadlineWheel::run(const Slot& slot) {
  Entry*& head = head_of(slot);
  while (head != nullptr) {
    Entry& entry = *head;
    entry.unlink();
    // The slot's first tick has just elapsed, so an entry of a higher level finds its place on a
    // lower one.
    if (entry.tick_ > elapsed_) {
      link(entry);
    } else {
      entry.on_deadline(now_);
    }
  }
}

void DeadlineWheel::advance(milliseconds now) {
  assert(now >= now_);
  now_ = now;
  const auto target = static_cast<uint64_t>(now / kTick);
  while (const auto due = first()) {
    if (due->second > target) break;
    elapsed_ = due->second;
    run(due->first);
  }
  // Moving on changes the level of no entry: everything that is left lies beyond `target`, and a
  // slot that begins between the two would have been due.
  if (target > elapsed_) elapsed_ = target;
}

}  // namespace gateway::net
