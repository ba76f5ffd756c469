#include "gateway/usage/meter/book.h"

#include <algorithm>
#include <utility>

#include "gateway/usage/meter/bucket_place.h"
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

std::string path_of(const Book::Plan& plan) {
  return plan.folder.empty() ? std::string{} : file_path(plan.folder, plan.boot, plan.worker);
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

Book::Book(const Plan& plan)
    : node_(plan.node),
      boot_(plan.boot),
      worker_(plan.worker),
      pool_(path_of(plan), {plan.node, plan.boot, plan.worker}, plan.most_slots) {
  bucket_ = bucket_at(std::clamp(first_wall(), milliseconds{0}, milliseconds{kLastWall}));
  place_.store(place_of(bucket_, part_), std::memory_order_release);
  provide();
}

Book::~Book() = default;

milliseconds Book::tick(milliseconds now, milliseconds wall) {
  now = std::max(now, clock_.now);
  wall = std::clamp(wall, milliseconds{0}, milliseconds{kLastWall});
  note_step(now, wall);
  const int64_t bucket = bucket_at(wall);
  if (bucket != bucket_) begin_bucket(bucket, now, wall);
  clock_.now = now;
  settle_all();
  begun_ = true;
  ticking_.store(true, std::memory_order_release);
  ticked_ = now;
  wall_ = wall;
  pool_.top_up();
  const milliseconds left = begin_of(bucket + kBucketSeconds) - wall;
  return now + std::clamp(left, milliseconds{1}, milliseconds{1000});
}

void Book::note_step(milliseconds now, milliseconds wall) {
  if (!begun_) return;
  const milliseconds step = (wall - wall_) - (now - ticked_);
  if (step > kStep || step < -kStep) clock_step_.fetch_add(step.count(), std::memory_order_relaxed);
}

milliseconds Book::take_clock_step() {
  return milliseconds{clock_step_.exchange(0, std::memory_order_relaxed)};
}

// What was spent before the boundary belongs to the bucket that ends. After a step there is no
// boundary that the clock went through, or it lies before the last tick: then all of the time
// goes to one of the two buckets.
void Book::begin_bucket(int64_t bucket, milliseconds now, milliseconds wall) {
  const bool back = bucket < bucket_;
  if (begun_) {
    const milliseconds boundary = back ? now : now - (wall - begin_of(bucket));
    clock_.now = std::clamp(boundary, clock_.now, now);
    settle_all();
  }
  // A bucket that the clock comes back to is another row: the first one may be complete by now.
  if (back && (begun_ || counted_)) part_ = part_after(part_, worker_);
  bucket_ = bucket;
  ++clock_.turn;
  place_.store(place_of(bucket, part_), std::memory_order_release);
  pool_.top_up();
  if (pool_.has_local()) give_up_held();
}

void Book::settle_all() {
  for (Meter* meter = active_; meter != nullptr; meter = meter->next_) {
    // Before the first tick nobody knows how long anything has been open.
    if (!begun_) meter->settled_ = clock_.now;
    meter->settle();
  }
}

void Book::activate(Meter& meter) {
  meter.previous_ = nullptr;
  meter.next_ = active_;
  if (meter.next_ != nullptr) meter.next_->previous_ = &meter;
  active_ = &meter;
}

void Book::deactivate(Meter& meter) {
  Meter*& from_previous = meter.previous_ == nullptr ? active_ : meter.previous_->next_;
  from_previous = meter.next_;
  if (meter.next_ != nullptr) meter.next_->previous_ = meter.previous_;
  meter.previous_ = meter.next_ = nullptr;
}

Slot* Book::take(Meter& meter, size_t number) {
  Meter::Sheet& sheet = meter.sheets_[number];
  Slot* slot = pool_.take();
  uint64_t kind = Slot::used;
  if (slot == nullptr) {
    if (sheet.held) return nullptr;
    slot = &pool_.take_reserved();
    kind = Slot::held;
    hold(sheet);
  } else if (sheet.held) {
    give_up(sheet);
  }
  counted_ = true;
  const std::string_view domain = std::string_view(meter.domain_).substr(0, Slot::kMaxDomain);
  slot->bucket = bucket_;
  slot->part = part_;
  slot->sheet = static_cast<uint16_t>(number);
  slot->domain_size = static_cast<uint16_t>(domain.size());
  slot->check = slot_check(slot->bucket, slot->part, slot->sheet, domain);
  std::ranges::copy(domain, slot->domain.begin());
  slot->state.store(kind, std::memory_order_release);
  return slot;
}

void Book::hold(Meter::Sheet& sheet) {
  sheet.held = true;
  held_.push_back(&sheet);
  held_size_.store(held_.size(), std::memory_order_relaxed);
}

// After this the slot is like any other of its bucket: nobody adds to it.
void Book::give_up(Meter::Sheet& sheet) {
  sheet.held = false;
  sheet.slot->state.store(Slot::used, std::memory_order_release);
  std::erase(held_, &sheet);
  held_size_.store(held_.size(), std::memory_order_relaxed);
}

void Book::give_up_held() {
  while (!held_.empty()) give_up(*held_.back());
}

Meter& Book::meter(const std::string& domain) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<Meter>& meter = meters_[domain];
  if (meter == nullptr) meter = std::make_unique<Meter>(*this, clock_, domain);
  return *meter;
}

void Book::visit_meters(const std::function<void(const std::string&, const Meter&)>& each) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [domain, meter] : meters_) each(domain, *meter);
}

bool Book::has_left(int64_t bucket, uint32_t part) const {
  if (!may_count_in(part, worker_)) return true;
  if (!ticking_.load(std::memory_order_acquire)) return false;
  return place_of(bucket, part) < place_.load(std::memory_order_acquire);
}

std::vector<Book::Reading> Book::read() const {
  const std::vector<Slot*> chunks = pool_.chunks();
  // First of all: what is past as of this moment has had its last write before it. Until the first
  // tick nothing is: that one may bring an earlier time than the system's, and with it slots that
  // look past beside the place of before.
  const bool ticking = ticking_.load(std::memory_order_acquire);
  const uint64_t place = place_.load(std::memory_order_acquire);
  std::vector<Reading> readings;
  readings.reserve(used_slots(chunks));
  for (Slot* const chunk : chunks) {
    for (size_t i = 0; i < File::kChunkSlots; ++i) {
      Slot& slot = chunk[i];
      const uint64_t kind = slot.state.load(std::memory_order_acquire);
      if (kind == Slot::free) continue;
      const std::string_view domain(slot.domain.data(), slot.domain_size);
      readings.push_back(
          {.key = {node_, boot_, std::string(domain), slot.bucket, slot.part},
           .totals = totals_of(slot),
           .past = ticking && kind == Slot::used && place_of(slot.bucket, slot.part) < place,
           .slot = &slot});
    }
  }
  return readings;
}

void Book::visit_used(const std::function<void(std::string_view, const Slot&)>& each) const {
  for (const Slot* const chunk : pool_.chunks()) {
    for (size_t i = 0; i < File::kChunkSlots; ++i) {
      const Slot& slot = chunk[i];
      if (slot.state.load(std::memory_order_acquire) != Slot::free)
        each({slot.domain.data(), slot.domain_size}, slot);
    }
  }
}

void Book::provide() {
  size_t meters = 0;
  {
    const std::lock_guard lock(mutex_);
    meters = meters_.size();
  }
  pool_.provide(meters * kSheets);
}

std::string Book::trouble() const {
  const size_t held = held_size_.load(std::memory_order_relaxed);
  if (held > 0) {
    return "there are no more slots: what " + std::to_string(held) +
           " of them would hold is counted in an earlier bucket";
  }
  return pool_.trouble();
}

}  // namespace gateway::usage::meter
