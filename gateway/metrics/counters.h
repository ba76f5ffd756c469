// What is counted, live, while streams are open. Every block has one writer, the worker it belongs
// to, and is read by any thread: an addition is a plain load and store.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/outcome/end.h"
#include "gateway/outcome/exchange_end.h"

namespace gateway::metrics {

class Count {
 public:
  void add(uint64_t number) {
    value_.store(value_.load(std::memory_order_relaxed) + number, std::memory_order_relaxed);
  }
  void subtract(uint64_t number) { add(~number + 1); }                            // of gauges
  void set(uint64_t number) { value_.store(number, std::memory_order_relaxed); }  // likewise
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// What most domains never need: made by its writer with the first addition.
template <class Counts>
class Lazy {
 public:
  Lazy() = default;
  Lazy(const Lazy&) = delete;
  Lazy& operator=(const Lazy&) = delete;
  ~Lazy() { delete counts_.load(std::memory_order_relaxed); }

  // For the writer.
  Counts& make() {
    Counts* counts = counts_.load(std::memory_order_relaxed);
    if (counts == nullptr) {
      counts = new Counts;
      counts_.store(counts, std::memory_order_release);
    }
    return *counts;
  }
  // For readers; null: nothing was added.
  const Counts* get() const { return counts_.load(std::memory_order_acquire); }

 private:
  std::atomic<Counts*> counts_{nullptr};
};

// Counts of which most domains never need one.
template <size_t kSlots>
class SparseCounts {
 public:
  // For the writer.
  Count& operator[](size_t slot) { return counts_.make()[slot]; }
  // For readers.
  bool empty() const { return counts_.load(std::memory_order_acquire) == nullptr; }
  const Count& operator[](size_t slot) const {
    static const Count kNone;
    const Counts* const counts = counts_.get();
    return counts != nullptr ? (*counts)[slot] : kNone;
  }

 private:
  using Counts = std::array<Count, kSlots>;
  Lazy<Counts> counts_;
};

// Statuses that a handshake can be answered with; the last is every other.
inline constexpr std::array<int, 19> kStatuses{101, 200, 400, 401, 403, 404, 408, 414, 417, 421,
                                               426, 429, 431, 500, 502, 503, 504, 508, 0};
size_t status_slot(int status);
// Those of plain requests, likewise. 499 goes to nobody: the client had left.
inline constexpr std::array<int, 35> kHttpStatuses{
    200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409,
    413, 414, 416, 417, 421, 426, 429, 431, 499, 500, 501, 502, 503, 504, 505, 508, 0};
size_t http_status_slot(int status);

// Close codes: 1000 to 1014 each, then 3000-3999, 4000-4999, then none at all.
inline constexpr size_t kCloseSlots = 18;
size_t close_slot(uint16_t code);
std::string_view close_slot_name(size_t slot);  // "1000", "3xxx", "4xxx", "none"

// Bounds in seconds; the last bucket has none.
inline constexpr std::array<double, 11> kHandshakeBounds{.001, .0025, .005, .01, .025, .05,
                                                         .1,   .25,   1,    5,   30};
inline constexpr std::array<double, 10> kSilenceBounds{1, 5, 10, 20, 30, 45, 60, 120, 300, 3600};
inline constexpr std::array<double, 8> kSessionBounds{1, 10, 60, 300, 900, 3600, 14400, 86400};
inline constexpr std::array<double, 13> kExchangeBounds{.001, .005, .01, .025, .05, .1, .25,
                                                        .5,   1,    2.5, 10,   60,  600};

template <size_t kBounds>
struct Histogram {
  std::array<Count, kBounds + 1> buckets;
  Count sum_milliseconds;
  void observe(const std::array<double, kBounds>& bounds, uint64_t milliseconds) {
    size_t slot = 0;
    while (slot<kBounds&& static_cast<double>(milliseconds)> bounds[slot] * 1000) ++slot;
    buckets[slot].add(1);
    sum_milliseconds.add(milliseconds);
  }
};

// What may be limited, by the names of the configuration.
inline constexpr std::array<std::string_view, 1> kLimits{"max_message"};
inline constexpr size_t kMaxMessageLimit = 0;

// Connections to a server.
struct Connections {
  Count idle;    // a gauge: kept for the next request
  Count made;    // requests that went over one that had served none before
  Count reused;  // and those that went over one that had
};

// Bytes of sessions after the 101, inside TLS: frame headers and payload. "in" is from the peer to
// us, "out" from us to the peer.
struct Traffic {
  Count bytes_in;
  Count bytes_out;
};

// One for each worker and server of a domain; on a line of its own in the cache, since workers
// write side by side.
struct alignas(64) Origin {
  Traffic traffic;
  Traffic http;  // of plain requests: heads, bodies and their framing, inside TLS
  Connections connections;
};

// Origins that are no server of the pool: where redirects have led, and the origin that is built
// in.
enum class Nameless : uint8_t { redirect, echo };
inline constexpr std::array<std::string_view, 2> kNameless{"redirect", "echo"};

// Of a domain's plain requests, and of what they share with upgrades on their way to an origin.
struct Requests {
  // By initiator and cause; the slot behind the causes is "done".
  std::array<SparseCounts<outcome::kCauses + 1>, 3> ended;
  std::array<Count, outcome::kRetryWhys> retries;
  std::array<Count, outcome::kStickies> sticky;
  std::array<Count, 2> desync;  // by the client, by the origin
};

// One for each worker and domain: what has no place in its meter (gateway/usage/meter), where all
// that moves is counted.
struct Domain {
  std::array<Traffic, kNameless.size()> nameless_origins;  // by Nameless
  Count active;  // sessions that are open now, those that are being closed among them
  std::array<SparseCounts<outcome::kCauses>, 3> closed;  // by initiator and cause
  std::array<SparseCounts<kCloseSlots>, 2> close_codes;  // received from client, from origin
  std::array<Count, 2> pauses;                           // reading of client, of origin was stopped
  std::array<Count, 2> protocol_errors;                  // by client, by origin
  std::array<Count, kLimits.size()> limited;             // kLimits: sessions that were ended by it
  Count edge_pings;                                      // keepalive, never in the figures above
  Count slow_heartbeats;  // idle closes after a client whose gap was nearly as long: its heartbeat
                          // is too slow
  SparseCounts<outcome::kCauses> origin_failures;
  Lazy<Requests> requests;
};

// One for each worker and listener.
struct Listener {
  Count active;
  Count accepted;
  Count idle;                     // a gauge: between a request's answer and the next request
  std::array<Count, 4> rejected;  // kRejections
  std::array<std::array<Count, 2>, 2> tls;  // TLS 1.2, 1.3; full, resumed
  Count tls_failed;
};
inline constexpr std::array<std::string_view, 4> kRejections{"overload", "no_descriptors",
                                                             "proxy_header", "no_certificate"};
inline constexpr size_t kOverloadRejection = 0;
inline constexpr size_t kNoDescriptorsRejection = 1;
inline constexpr size_t kProxyHeaderRejection = 2;
inline constexpr size_t kNoCertificateRejection = 3;

// One for each worker.
struct Worker {
  Histogram<kHandshakeBounds.size()> handshake_duration;
  Histogram<kSessionBounds.size()> session_duration;
  Histogram<kSilenceBounds.size()> client_silence;  // the longest of each ended session
  Histogram<kExchangeBounds.size()> exchange_duration;
  Histogram<kExchangeBounds.size()> first_byte;  // of exchanges that were answered
  // Closes that we decided and that could not go at once, by cause: given later, or not at all.
  std::array<std::array<Count, 2>, outcome::kCauses> waited_closes;
  // Sessions that a drain, a reload or a budget has still to end, by cause.
  std::array<Count, outcome::kCauses> mass_close_pending;
};

// Hands out the blocks. They live as long as the registry, so that a figure never goes back: a
// domain or a server that a reload removes keeps its counters. Any thread.
class Registry {
 public:
  // Of one domain, over all reloads; three times what a pool holds. Later ones share "other", so
  // that servers that change with every reload cannot fill the memory and the scrape.
  static constexpr size_t kMostOrigins = 60;
  static constexpr const char* kOtherOrigin = "other";

  explicit Registry(size_t workers) : workers_(workers) {}

  size_t worker_count() const { return workers_.size(); }
  Worker& worker(size_t index) { return workers_[index]; }
  const Worker& worker(size_t index) const { return workers_[index]; }
  // By worker.
  std::vector<Domain*> domain(const std::string& name);
  std::vector<Listener*> listener(const std::string& name);
  // `name` as configured: "10.0.0.5:8080".
  std::vector<Origin*> origin(const std::string& domain, const std::string& name);

  template <class Visit>  // visit(name, const std::vector<std::unique_ptr<Domain>>&)
  void for_each_domain(Visit visit) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, blocks] : domains_) visit(name, blocks);
  }
  template <class Visit>  // visit(domain, name, const std::vector<std::unique_ptr<Origin>>&)
  void for_each_origin(Visit visit) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [domain, origins] : origins_) {
      for (const auto& [name, blocks] : origins) visit(domain, name, blocks);
    }
  }
  template <class Visit>
  void for_each_listener(Visit visit) const {
    const std::lock_guard lock(listeners_mutex_);
    for (const auto& [name, blocks] : listeners_) visit(name, blocks);
  }

 private:
  mutable std::mutex mutex_;
  mutable std::mutex
      listeners_mutex_;  // of these alone: workers open listeners, and wait for no walk
  std::vector<Worker> workers_;
  std::map<std::string, std::vector<std::unique_ptr<Domain>>> domains_;
  std::map<std::string, std::vector<std::unique_ptr<Listener>>> listeners_;
  std::map<std::string, std::map<std::string, std::vector<std::unique_ptr<Origin>>>> origins_;
};

}  // namespace gateway::metrics
