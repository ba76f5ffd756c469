// The worker's side of a book: its clock, its meters with open sessions, its own free slots.
#include <algorithm>
#include <cstring>
#include <utility>

#include "gateway/usage/meter/book_state.h"
#include "gateway/usage/meter/layout.h"

namespace gateway::usage::meter {

namespace {

using std::chrono::seconds;

// Beyond it a difference between the clocks is a step, not drift or a late tick.
constexpr milliseconds kStep{2000};
// The year 2200: a wall clock beyond it is clamped, so that a bucket always fits its place.
constexpr seconds kLastWall{7'258'118'400};

int64_t bucket_at(milliseconds wall) {
  return bucket_of(std::chrono::duration_cast<seconds>(wall).count());
}

milliseconds begin_of(int64_t bucket) { return seconds{bucket}; }

// The system's, until the first tick brings the loop's.
milliseconds first_wall() {
  return std::chrono::duration_cast<milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace

Book::Book(const Plan& plan) : state_(std::make_unique<State>(plan)) {
  state_->bucket = bucket_at(std::clamp(first_wall(), milliseconds{0}, milliseconds{kLastWall}));
  state_->place.store(place_of(state_->bucket, state_->part), std::memory_order_release);
  provide();
}

Book::~Book() = default;

milliseconds Book::tick(milliseconds now, milliseconds wall) {
  State& state = *state_;
  now = std::max(now, now_);
  wall = std::clamp(wall, milliseconds{0}, milliseconds{kLastWall});
  note_step(now, wall);
  const int64_t bucket = bucket_at(wall);
  if (bucket != state.bucket) begin_bucket(bucket, now, wall);
  now_ = now;
  settle_all();
  state.begun = true;
  state.ticking.store(true, std::memory_order_release);
  state.ticked = now;
  state.wall = wall;
  top_up();
  const milliseconds left = begin_of(bucket + kBucketSeconds) - wall;
  return now + std::clamp(left, milliseconds{1}, milliseconds{1000});
}

void Book::note_step(milliseconds now, milliseconds wall) {
  if (!state_->begun) return;
  const milliseconds step = (wall - state_->wall) - (now - state_->ticked);
  if (step > kStep || step < -kStep)
    state_->clock_step.fetch_add(step.count(), std::memory_order_relaxed);
}

milliseconds Book::take_clock_step() {
  return milliseconds{state_->clock_step.exchange(0, std::memory_order_relaxed)};
}

// What was spent before the boundary belongs to the bucket that ends. After a step there is no
// boundary that the clock went through, or it lies before the last tick: then all of the time
// goes to one of the two buckets.
void Book::begin_bucket(int64_t bucket, milliseconds now, milliseconds wall) {
  State& state = *state_;
  const bool back = bucket < state.bucket;
  if (state.begun) {
    const milliseconds boundary = back ? now : now - (wall - begin_of(bucket));
    now_ = std::clamp(boundary, now_, now);
    settle_all();
  }
  // A bucket that the clock comes back to is another row: the first one may be complete by now.
  if (back && (state.begun || state.counted))
    state.part = part_after(state.part, state.plan.worker);
  state.bucket = bucket;
  ++turn_;
  state.place.store(place_of(bucket, state.part), std::memory_order_release);
  top_up();
  if (!state.local.empty()) give_up_held();
}

void Book::settle_all() {
  for (Meter* meter = state_->active; meter != nullptr; meter = meter->next_) {
    // Before the first tick nobody knows how long a session has been open.
    if (!state_->begun) meter->settled_ = now_;
    meter->settle();
  }
}

void Book::activate(Meter& meter) {
  meter.previous_ = nullptr;
  meter.next_ = state_->active;
  if (meter.next_ != nullptr) meter.next_->previous_ = &meter;
  state_->active = &meter;
}

void Book::deactivate(Meter& meter) {
  Meter*& from_previous = meter.previous_ == nullptr ? state_->active : meter.previous_->next_;
  from_previous = meter.next_;
  if (meter.next_ != nullptr) meter.next_->previous_ = meter.previous_;
  meter.previous_ = meter.next_ = nullptr;
}

// The ledger's thread may have the lists in its hands; the next tick comes soon.
void Book::top_up() {
  State& state = *state_;
  const std::unique_lock lock(state.mutex, std::try_to_lock);
  if (!lock.owns_lock()) return;
  if (std::exchange(state.recovered, false)) state.keep_back_memory(state.local);
  state.local.insert(state.local.end(), state.spare.begin(), state.spare.end());
  state.spare.clear();
  state.local_size.store(state.local.size(), std::memory_order_relaxed);
}

Slot* Book::take(Meter& meter) {
  State& state = *state_;
  Slot* slot = free_slot();
  uint64_t kind = Slot::used;
  if (slot == nullptr) {
    if (meter.held_) return nullptr;
    slot = &reserved_slot(meter);
    kind = Slot::held;
  } else if (meter.held_) {
    give_up(meter);
  }
  state.counted = true;
  const std::string_view domain = std::string_view(meter.domain_).substr(0, Slot::kMaxDomain);
  slot->bucket = state.bucket;
  slot->part = state.part;
  slot->domain_size = static_cast<uint32_t>(domain.size());
  slot->check = slot_check(slot->bucket, slot->part, domain);
  std::ranges::copy(domain, slot->domain.begin());
  slot->state.store(kind, std::memory_order_release);
  return slot;
}

// Null: there is none, and no more are allowed.
Slot* Book::free_slot() {
  State& state = *state_;
  if (state.local.empty()) state.local = fetch();
  if (state.local.empty()) return nullptr;
  Slot* const slot = state.local.back();
  state.local.pop_back();
  state.local_size.store(state.local.size(), std::memory_order_relaxed);
  return slot;
}

std::vector<Slot*> Book::fetch() {
  State& state = *state_;
  {
    const std::lock_guard lock(state.mutex);
    if (!state.spare.empty()) return std::exchange(state.spare, {});
    // Their zeros may not be on the disk, but a power cut is less likely than bytes are now.
    if (state.at_cap()) return std::exchange(state.cleared, {});
  }
  return grow();
}

Slot& Book::reserved_slot(Meter& meter) {
  State& state = *state_;
  meter.held_ = true;
  state.held.push_back(&meter);
  state.held_size.store(state.held.size(), std::memory_order_relaxed);
  std::unique_lock lock(state.mutex);
  if (state.reserve.empty()) {
    lock.unlock();
    const std::vector<Slot*> grown = grow();
    lock.lock();
    state.reserve.insert(state.reserve.end(), grown.begin(), grown.end());
  }
  Slot* const slot = state.reserve.back();
  state.reserve.pop_back();
  return *slot;
}

// After this the slot is like any other of its bucket: nobody adds to it.
void Book::give_up(Meter& meter) {
  meter.held_ = false;
  meter.slot_->state.store(Slot::used, std::memory_order_release);
  std::erase(state_->held, &meter);
  state_->held_size.store(state_->held.size(), std::memory_order_relaxed);
}

void Book::give_up_held() {
  while (!state_->held.empty()) give_up(*state_->held.back());
}

}  // namespace gateway::usage::meter
