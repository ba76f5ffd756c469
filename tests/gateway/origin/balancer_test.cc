#include "gateway/origin/balancer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <doctest/doctest.h>

#include "tests/gateway/origin/pool_scene.h"
#include "tests/support/patience.h"

using namespace tests;
using namespace gateway::origin;
using Method = Balancer::Method;

namespace {

const size_t kChoices = rounds(10'000, 100'000);

// 1 to 20 servers; weights from the first of them on.
std::vector<uint32_t> weights_of(size_t servers, bool equal) {
  std::vector<uint32_t> weights;
  for (size_t i = 0; i < servers; ++i)
    weights.push_back(equal ? 10 : static_cast<uint32_t>(1 + (i * 37) % 100));
  return weights;
}

struct WeightedScene : PoolScene {
  WeightedScene(const std::vector<uint32_t>& weights, Method method) : PoolScene(0, method) {
    for (const uint32_t weight : weights) add(weight);
  }
};

}  // namespace

TEST_CASE("balancer: weighted is the smooth round-robin of nginx") {
  std::vector<Member> three(3);
  for (size_t i = 0; i < 3; ++i) three[i].index = i;
  three[0].weight = 5;
  three[1].weight = three[2].weight = 1;
  Balancer balancer(7);
  std::string chosen;
  for (int i = 0; i < 14; ++i) {
    Members members{&three[0], &three[1], &three[2]};
    balancer.rank(Method::weighted, members, 0);
    chosen += static_cast<char>('a' + members.front()->index);
  }
  CHECK(chosen == "aabacaaaabacaa");
}

TEST_CASE("balancer: gives each server its share of the choices") {
  for (const size_t servers : {1, 2, 3, 4, 7, 20}) {
    const auto weights = weights_of(servers, servers == 2 || servers == 4);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (const Method method : {Method::weighted, Method::least_sessions, Method::hash}) {
      WeightedScene scene(weights, method);
      const auto shares = scene.shares(kChoices, method == Method::least_sessions);
      for (size_t i = 0; i < servers; ++i) {
        CAPTURE(servers);
        CAPTURE(i);
        const double expected = weights[i] / total;
        // Hashing is a draw: five standard deviations of it.
        const double spread =
            method == Method::hash
                ? 5 * std::sqrt(expected * (1 - expected) / static_cast<double>(kChoices))
                : 50 / static_cast<double>(kChoices);
        CHECK(std::abs(shares[i] - expected) <= spread);
      }
    }
  }
}

TEST_CASE("balancer: the order names every server once, whatever the method") {
  for (const Method method :
       {Method::weighted, Method::least_sessions, Method::hash, Method::performance}) {
    for (size_t servers = 1; servers <= 20; ++servers) {
      PoolScene scene(servers, method);
      auto order = scene.order(servers * 77);
      CHECK(order.size() == servers);
      std::ranges::sort(order);
      for (size_t i = 0; i < order.size(); ++i) CHECK(order[i] == i);
    }
  }
}

TEST_CASE("balancer: weighted spreads the retries of one server over all others by weight") {
  WeightedScene scene({10, 10, 30}, Method::weighted);
  std::map<size_t, double> seconds;
  double chosen = 0;
  for (size_t i = 0; i < kChoices; ++i) {
    const auto order = scene.order();
    if (order.front() != 0) continue;
    ++chosen;
    ++seconds[order[1]];
  }
  CHECK(std::abs(seconds[1] / chosen - 0.25) < 0.02);
  CHECK(std::abs(seconds[2] / chosen - 0.75) < 0.02);
}

TEST_CASE("balancer: least_sessions goes by the sessions there are, and round where they tie") {
  PoolScene scene(3, Method::least_sessions);
  std::map<size_t, int> tied;
  for (int i = 0; i < 300; ++i) ++tied[scene.choose()];
  for (size_t i = 0; i < 3; ++i) CHECK(tied[i] == 100);
  scene.at(0).sessions = 5;
  scene.at(1).sessions = 2;
  scene.at(2).sessions = 9;
  CHECK(scene.order() == std::vector<size_t>{1, 0, 2});
  // Handshakes under way count, too: they are sessions in a moment.
  scene.at(1).attempts = 4;
  CHECK(scene.order() == std::vector<size_t>{0, 1, 2});
  // For twice the weight twice the sessions.
  scene.pool.servers[2].weight = 20;
  CHECK(scene.choose() == 2);
}

TEST_CASE("balancer: one server more moves its share of the keys and no other") {
  for (const size_t servers : {1, 2, 5, 10, 19}) {
    PoolScene scene(servers, Method::hash);
    constexpr size_t kKeys = 20'000;
    std::vector<size_t> before;
    for (size_t key = 0; key < kKeys; ++key)
      before.push_back(scene.choose(hash_of(std::to_string(key))));
    scene.add();
    size_t moved = 0;
    for (size_t key = 0; key < kKeys; ++key) {
      const size_t now = scene.choose(hash_of(std::to_string(key)));
      if (now == before[key]) continue;
      ++moved;
      CHECK(now == servers);
    }
    const double expected = 1.0 / static_cast<double>(servers + 1);
    CHECK(std::abs(static_cast<double>(moved) / kKeys - expected) < 0.02);
  }
}

TEST_CASE("balancer: hash says the same in every process") {
  // Constants, so that another release, another node and another run agree.
  CHECK(hash_of("") == hash_of(""));
  CHECK(hash_of("203.0.113.7") == 1349504157941897337);
  PoolScene one(5, Method::hash);
  PoolScene other(5, Method::hash);
  for (uint64_t key = 0; key < 1000; ++key) CHECK(one.order(key) == other.order(key));
}

TEST_CASE("balancer: hash keeps every server below 1.25 times its share of the sessions") {
  for (const size_t servers : {2, 3, 5, 20}) {
    for (const bool equal : {true, false}) {
      const auto weights = weights_of(servers, equal);
      WeightedScene scene(weights, Method::hash);
      constexpr uint32_t kSessions = 20'000;
      // All with one key: a hot one, or an attack.
      for (uint32_t i = 0; i < kSessions; ++i) scene.at(scene.choose(42)).sessions.fetch_add(1);
      const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
      for (size_t i = 0; i < servers; ++i) {
        const double share = kSessions * weights[i] / total;
        CHECK(scene.at(i).sessions <= std::max(std::ceil(Balancer::kBound * share), 8.0));
      }
    }
  }
}

TEST_CASE("balancer: a few sessions of one client stay together") {
  PoolScene scene(5, Method::hash);
  const size_t first = scene.choose(42);
  for (uint64_t i = 0; i < Balancer::kSpare; ++i) {
    CHECK(scene.choose(42) == first);
    scene.at(first).sessions.fetch_add(1);
  }
  CHECK(scene.choose(42) != first);
}

TEST_CASE("balancer: performance prefers the fast and the idle, and tries the unknown") {
  PoolScene scene(4, Method::performance);
  for (size_t i = 0; i < 4; ++i) {
    scene.report(i, PoolScene::Kind::upgraded, std::chrono::milliseconds(i == 2 ? 5 : 50));
  }
  constexpr double kExplored = 1.0 / Balancer::kExplore;
  CHECK(std::abs(scene.shares(20'000)[2] - (1 - kExplored)) < 0.01);
  // Ten times as fast and twenty times as busy: only those who look come there.
  scene.at(2).sessions = 20;
  CHECK(std::abs(scene.shares(20'000)[2] - kExplored / 3) < 0.01);
  scene.at(1).smoothed_us = 0;
  CHECK(scene.shares(1'000)[1] == 1);
  // One at a time: nobody knows yet whether it answers at all.
  scene.at(1).attempts = 1;
  CHECK(scene.shares(1'000)[1] < 0.05);
}

namespace {

// Opens so many sessions one after the other, each measured as the server takes it.
std::vector<int> open(PoolScene& scene, const std::vector<int>& ms, int count, bool kept) {
  std::vector<int> counts(ms.size());
  for (int i = 0; i < count; ++i) {
    const size_t server = scene.choose();
    ++counts[server];
    if (kept) scene.at(server).sessions.fetch_add(1);
    scene.now += std::chrono::milliseconds(10);
    scene.report(server, PoolScene::Kind::upgraded, std::chrono::milliseconds(ms[server]));
  }
  return counts;
}

}  // namespace

TEST_CASE("FX18 balancer: performance sends nearly all to the fastest, kept open or not") {
  for (const bool kept : {false, true}) {
    PoolScene scene(3, Method::performance);
    const auto counts = open(scene, {3, 45, 130}, 200, kept);
    CHECK(counts[0] >= 175);
    CHECK(counts[2] < 12);
  }
}

TEST_CASE("FX18 balancer: who becomes slow is left within three sessions") {
  PoolScene scene(3, Method::performance);
  static_cast<void>(open(scene, {3, 45, 130}, 100, false));
  const auto counts = open(scene, {200, 45, 130}, 100, false);
  CHECK(counts[0] <= 3 + 8);  // and those who look
  CHECK(counts[1] > 80);
}

TEST_CASE("FX18 balancer: who becomes fast is found") {
  PoolScene scene(3, Method::performance);
  static_cast<void>(open(scene, {3, 45, 130}, 200, false));
  // 64 sessions on average until somebody looks there.
  static_cast<void>(open(scene, {3, 45, 1}, 640, false));
  CHECK(open(scene, {3, 45, 1}, 200, false)[2] >= 175);
}

TEST_CASE("FX18 balancer: a burst does not wait at a server that nobody knows") {
  PoolScene scene(2, Method::performance);
  scene.report(0, PoolScene::Kind::upgraded, std::chrono::milliseconds(5));
  int unknown = 0;
  for (int i = 0; i < 100; ++i) {
    const size_t server = scene.choose();
    scene.at(server).attempts.fetch_add(1);
    if (server == 1) ++unknown;
  }
  CHECK(unknown >= 1);
  CHECK(unknown < 12);
}
