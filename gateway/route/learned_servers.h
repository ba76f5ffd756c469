// Which server has made which session id, as its answers have told: what `sticky: "query:sid"` goes
// by.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gateway::route {

using std::chrono::milliseconds;

// One for each pool, for all workers; it outlives reloads, as long as a pool of that label goes by
// ids. A server is told by the hash of its name, which a reload does not change. Any thread; times
// are the loops' monotonic milliseconds.
class LearnedServers {
 public:
  static constexpr size_t kMost = 100'000;  // beyond that the one that was used first is forgotten
  static constexpr milliseconds kForget{300'000};  // since its last use
  static constexpr size_t kLongestId = 64;

  LearnedServers() = default;
  LearnedServers(const LearnedServers&) = delete;
  LearnedServers& operator=(const LearnedServers&) = delete;
  ~LearnedServers() = default;

  void learn(std::string_view id, uint64_t server, milliseconds now);
  // Counts as a use.
  [[nodiscard]] std::optional<uint64_t> find(std::string_view id, milliseconds now);

  size_t size() const;

 private:
  struct Known {
    std::string id;
    uint64_t server;
    milliseconds used;
  };
  using Place = std::list<Known>::iterator;

  void forget_old(milliseconds now);
  void touch(Place place, milliseconds now);
  void forget_first();

  mutable std::mutex mutex_;
  std::list<Known> known_;                              // the one that was used last at the end
  std::unordered_map<std::string_view, Place> places_;  // by their ids
};

}  // namespace gateway::route
