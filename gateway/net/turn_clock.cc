#include "gateway/net/turn_clock.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include <uv.h>

namespace gateway::net {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr int kNumberShift = 32;
constexpr uint64_t kMostMicroseconds = std::numeric_limits<uint32_t>::max();

constexpr std::array<std::string_view, TurnClock::kParts> kWords{
    "posted tasks", "deadlines", "scheduled reads", "the end of connections",
    "sockets and signals"};

std::string milliseconds_of(uint64_t time) { return std::to_string(time / 1'000'000) + " ms"; }

uint64_t number_of(uint64_t now) { return now / TurnClock::kSlot + 1; }

}  // namespace

void TurnClock::begin(uint64_t now) {
  if (begun()) return;
  began_ = now;
  parts_ = {};
}

std::string TurnClock::end(uint64_t now) {
  if (!begun()) return {};
  const uint64_t took = now - std::min(now, began_);
  began_ = 0;
  size_t slot = 0;
  while (slot < kBounds.size() && static_cast<double>(took) > kBounds[slot] * 1e9) ++slot;
  buckets_[slot].add(1);
  sum_.add(took);
  note_lag(now, took);
  return took >= kLong ? told(now, took) : std::string{};
}

void TurnClock::note_lag(uint64_t now, uint64_t took) {
  const uint64_t number = number_of(now);
  const uint64_t figure = number << kNumberShift | std::min(took / 1'000, kMostMicroseconds);
  std::atomic<uint64_t>& slot = slots_[number % kSlots];
  // A later number is the greater figure, too.
  if (figure > slot.load(kRelaxed)) slot.store(figure, kRelaxed);
}

std::string TurnClock::told(uint64_t now, uint64_t took) {
  if (name_.empty() || (told_ != 0 && now - told_ < kTellApart)) return {};
  told_ = now;
  uint64_t rest = took;
  for (const uint64_t time : parts_) rest -= std::min(rest, time);
  parts_[static_cast<size_t>(Part::sockets)] += rest;
  const auto most = std::ranges::max_element(parts_);
  return name_ + " was busy for " + milliseconds_of(took) + ": " + milliseconds_of(*most) +
         " of it in " + std::string(kWords[static_cast<size_t>(most - parts_.begin())]);
}

TurnClock::Buckets TurnClock::turns() const {
  Buckets turns{};
  for (size_t i = 0; i < turns.size(); ++i) turns[i] = buckets_[i].value();
  return turns;
}

double TurnClock::lag(uint64_t now) const {
  const uint64_t number = number_of(now);
  uint64_t longest = 0;
  for (const auto& slot : slots_) {
    const uint64_t figure = slot.load(kRelaxed);
    if ((figure >> kNumberShift) + kSlots > number)
      longest = std::max(longest, figure & kMostMicroseconds);
  }
  return static_cast<double>(longest) / 1e6;
}

double TurnClock::lag() const { return lag(uv_hrtime()); }

}  // namespace gateway::net
