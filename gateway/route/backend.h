// What the process knows of one server of one pool while it runs: whether it is alive, how many
// sessions it has, how fast it is. Shared by workers, checks and scrape; outlives reloads.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/outcome/cause.h"

namespace gateway::route {

using std::chrono::milliseconds;

struct Change;
struct Pool;

// Plain relaxed atomics: each figure is right by itself, and a choice that is made on one that has
// just changed is as good as one made a moment earlier. Times are the loops' monotonic
// milliseconds. Any thread.
class Backend {
 public:
  Backend(std::string domain, std::string name)
      : domain_(std::move(domain)), name_(std::move(name)) {}
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  ~Backend() = default;

  const std::string& domain() const { return domain_; }
  const std::string& name() const { return name_; }  // as configured: "10.0.0.5:8080"

  std::atomic<uint32_t> sessions{0};  // open now, of all workers; origin::SessionCount counts them
  std::atomic<uint32_t> attempts{0};  // handshakes under way; origin::AttemptCount counts them
  uint32_t load() const {
    return sessions.load(std::memory_order_relaxed) + attempts.load(std::memory_order_relaxed);
  }

  std::atomic<bool> up{true};  // by active checks; without them always

  // Passive ejection; gateway/origin/ejection.h says how they move.
  std::atomic<uint32_t> failures_in_a_row{0};
  std::atomic<int64_t> ejected_until{0};  // 0: not ejected; once it has passed: on trial
  std::atomic<int64_t> trial_until{0};    // until then the one trial request has its chance

  // Connect plus handshake, smoothed; 0: no figure yet.
  std::atomic<uint32_t> smoothed_us{0};
  std::atomic<int64_t> measured_at{0};

  // Which of the candidate ports answered last: an index into ports.http, ports.https.
  std::atomic<uint8_t> http_port{0};
  std::atomic<uint8_t> https_port{0};
  std::atomic<int64_t> ports_probed_at{0};  // when the first of them was last tried again

  // Attempts that failed, by cause.
  std::array<std::atomic<uint64_t>, outcome::kCauses> failures{};
  std::atomic<uint64_t> ejections{0};

 private:
  std::string domain_;
  std::string name_;
};

// All of them, by pool and server: two pools may look at one server in different ways. A reload
// finds those that it names again as they were. One
// that is no longer configured is forgotten when nothing holds it any more. Any thread.
class Backends {
 public:
  Backends() = default;
  Backends(const Backends&) = delete;
  Backends& operator=(const Backends&) = delete;
  ~Backends() = default;

  // `server` as configured.
  [[nodiscard]] std::shared_ptr<Backend> of(const Pool& pool, const std::string& server);

  // What has become different in which of them are configured.
  void use(const Change& change);

  // Those that are configured, and those that still have sessions; in the order of their names.
  [[nodiscard]] std::vector<std::shared_ptr<const Backend>> list();

  size_t size() const;  // for tests: how many are remembered

 private:
  struct Known {
    std::shared_ptr<Backend> backend;
    bool configured = false;
  };
  using Key = std::pair<std::string, std::string>;  // the pool's label, the server

  void configure(const Pool& pool, bool configured);
  void forget_unused();

  mutable std::mutex mutex_;
  std::map<Key, Known> known_;
  std::set<Key> unconfigured_;  // of them: those that may be forgotten one day
};

}  // namespace gateway::route
