#include "gateway/origin/balancer.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "proto/base/hash.h"

namespace gateway::origin {

namespace {

// The finalizer of splitmix64: every bit of the input moves half of those that come out.
uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// Above 0, below 1.
double fraction(uint64_t bits) { return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53; }

// The smallest of -ln(u)/w wins in proportion to the weights w, whoever else takes part: that is
// what makes rendezvous hashing keep its keys, and a draw a fair one.
double distance(uint64_t bits, uint32_t weight) { return -std::log(fraction(bits)) / weight; }

// Moves the one at `place` to the front; the others keep their order.
void bring_forward(Members& members, size_t place) {
  const auto it = members.begin() + static_cast<std::ptrdiff_t>(place);
  std::rotate(members.begin(), it, it + 1);
}

// Sorts what stands from `first` on by the figure.
template <class Figure>
void sort_by(Members& members, size_t first, Figure figure) {
  std::vector<std::pair<decltype(figure(*members.front())), Member*>> keyed;
  keyed.reserve(members.size());
  for (size_t i = first; i < members.size(); ++i)
    keyed.emplace_back(figure(*members[i]), members[i]);
  std::ranges::stable_sort(keyed, {}, [](const auto& entry) { return entry.first; });
  for (size_t i = 0; i < keyed.size(); ++i) members[first + i] = keyed[i].second;
}

}  // namespace

uint64_t hash_of(std::string_view text) { return mix(proto::fnv1a(text)); }

double distance_of(uint64_t key, uint64_t server, uint32_t weight) {
  return distance(mix(key ^ server), weight);
}

uint64_t Balancer::random() { return mix(random_ += 0x9e3779b97f4a7c15); }

void Balancer::rank(Method method, Members& members, uint64_t key) {
  switch (method) {
    case Method::weighted:
      rank_weighted(members);
      break;
    case Method::least_sessions:
      rank_least_sessions(members);
      break;
    case Method::hash:
      rank_by_hash(members, key);
      break;
    case Method::performance:
      rank_by_performance(members);
      break;
  }
}

void Balancer::rank_others(Method method, Members& members, uint64_t key) {
  if (method == Method::weighted) {
    sort_by(members, 0, [this](const Member& one) { return distance(random(), one.weight); });
    return;
  }
  const size_t last = last_;
  rank(method, members, key);
  last_ = last;
}

void Balancer::rank_by_place(Members& members, uint64_t place) {
  sort_by(members, 0,
          [place](const Member& one) { return distance_of(place, one.identity, one.weight); });
}

void Balancer::rank_weighted(Members& members) {
  int64_t total = 0;
  size_t best = 0;
  for (size_t i = 0; i < members.size(); ++i) {
    total += members[i]->weight;
    members[i]->credit += members[i]->weight;
    if (members[i]->credit > members[best]->credit) best = i;
  }
  members[best]->credit -= total;
  bring_forward(members, best);
  // By their credit all retries of one server would go to the same other one.
  if (members.size() > 2)
    sort_by(members, 1, [this](const Member& one) { return distance(random(), one.weight); });
}

void Balancer::rank_least_sessions(Members& members) {
  size_t count = 1;
  for (const Member* one : members) count = std::max(count, one->index + 1);
  const size_t next = last_ % count + 1;
  sort_by(members, 0, [=](const Member& one) {
    const double share = static_cast<double>(one.load) / one.weight;
    return std::pair(share, (one.index + count - next) % count);
  });
  last_ = members.front()->index;
}

void Balancer::rank_by_hash(Members& members, uint64_t key) {
  uint64_t load = 1;  // the one that is coming
  uint64_t weight = 0;
  for (const Member* one : members) {
    load += one->load;
    weight += one->weight;
  }
  const double bound = kBound * static_cast<double>(load) / static_cast<double>(weight);
  sort_by(members, 0, [=](const Member& one) {
    const double most = std::max(std::ceil(bound * one.weight), static_cast<double>(kSpare));
    const bool overloaded = static_cast<double>(one.load + 1) > most;
    return std::pair(overloaded, distance_of(key, one.identity, one.weight));
  });
}

void Balancer::rank_by_performance(Members& members) {
  enum Class { unknown, known, being_tried };
  // The members come in the order of the configuration, which must not decide between equals.
  for (size_t i = members.size(); i > 1; --i) std::swap(members[i - 1], members[random() % i]);
  sort_by(members, 0, [](const Member& one) {
    const auto load = static_cast<double>(one.load);
    const Class which = one.expected_us > 0 ? known : one.asked ? being_tried : unknown;
    return std::tuple(which, static_cast<double>(one.expected_us) * (load + 1), load);
  });
  const bool explores = random() % kExplore == 0;
  if (explores && members.size() > 1 && members.front()->expected_us > 0)
    bring_forward(members, 1 + random() % (members.size() - 1));
}

}  // namespace gateway::origin
