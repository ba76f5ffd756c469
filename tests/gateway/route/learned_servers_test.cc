#include "gateway/route/learned_servers.h"

#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace gateway::route;
using namespace std::chrono_literals;

TEST_CASE("K4 learned: an id is known until five minutes have passed since its last use") {
  LearnedServers learned;
  learned.learn("a", 1, 0s);
  learned.learn("b", 2, 0s);
  CHECK(learned.find("a", 299s) == 1);
  CHECK(learned.find("a", 300s) == 1);
  CHECK_FALSE(learned.find("b", 300s));
  CHECK(learned.size() == 1);
  CHECK_FALSE(learned.find("a", 600s));
  CHECK(learned.size() == 0);
}

TEST_CASE("K4 learned: what is learned again is the newer word") {
  LearnedServers learned;
  learned.learn("a", 1, 0s);
  learned.learn("a", 2, 200s);
  CHECK(learned.find("a", 400s) == 2);
  CHECK(learned.size() == 1);
}

TEST_CASE("K4 learned: beyond 100,000 the one that was not used for longest is forgotten") {
  LearnedServers learned;
  for (size_t i = 0; i < LearnedServers::kMost; ++i) learned.learn(std::to_string(i), i, 1s);
  CHECK(learned.find("0", 2s) == 0);
  learned.learn("one more", 7, 3s);
  CHECK(learned.size() == LearnedServers::kMost);
  CHECK(learned.find("0", 3s) == 0);
  CHECK_FALSE(learned.find("1", 3s));
  CHECK(learned.find("one more", 3s) == 7);
}

TEST_CASE("K4 learned: all workers share it") {
  LearnedServers learned;
  std::vector<std::thread> workers;
  for (uint64_t worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&learned, worker] {
      for (int i = 0; i < 1000; ++i) {
        const std::string id = std::to_string(worker) + "-" + std::to_string(i);
        learned.learn(id, worker, 1s);
        if (learned.find(id, 1s) != worker) return;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  CHECK(learned.size() == 4000);
}
