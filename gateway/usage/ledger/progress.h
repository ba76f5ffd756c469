// How far the ledger's thread has come, for whoever watches it.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

namespace gateway::usage::ledger {

// begin() and end() are for the ledger's thread, figures() for any.
class Progress {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Figures {
    uint64_t errors = 0;
    uint64_t rows_written = 0;
    uint64_t records_dropped = 0;
    std::chrono::milliseconds lag{0};         // age of the oldest change that is not durable
    std::chrono::milliseconds last_flush{0};  // how long it took
    bool healthy = true;
  };

  void begin(Time now);
  // What the flush that began then has come to.
  struct Flush {
    Time began;
    uint64_t rows_written = 0;
    uint64_t records_dropped = 0;  // since the start
    bool failed = false;
  };
  void end(const Flush& flush);
  Figures figures() const;

 private:
  mutable std::mutex mutex_;
  Figures figures_;
  std::optional<Time> waiting_since_;   // changes that are not durable
  std::optional<Time> flushing_since_;  // a disk may hold a flush for ever
  Time last_good_ = std::chrono::steady_clock::now();
};

}  // namespace gateway::usage::ledger
