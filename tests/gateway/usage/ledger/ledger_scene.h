// A ledger writer with real meters in a folder of the test's own, and what the ledger says in the
// end.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gateway/usage/ledger/ledger.h"
#include "gateway/usage/ledger/writer.h"
#include "gateway/usage/meter/books.h"
#include "gateway/usage/meter/file.h"
#include "gateway/usage/record.h"
#include "tests/gateway/usage/ledger/ledger_rows.h"

namespace tests {

// One process's usage, without threads: the test ticks and flushes.
class Boot {
 public:
  using milliseconds = std::chrono::milliseconds;

  Boot(const std::string& state_dir, const std::string& boot, size_t workers = 2,
       milliseconds keep = std::chrono::hours{24 * 93})
      : meters_({gateway::usage::meter::folder_of(state_dir), "node-1", boot, workers}),
        queues_(workers),
        writer_({state_dir, "node-1", boot, milliseconds{1000}, keep, [this] { return wall_; }},
                meters_, pointers()) {
    tick(wall_);
  }

  void tick(milliseconds wall) {
    now_ += std::max(wall - wall_, milliseconds{1});
    wall_ = wall;
    for (size_t i = 0; i < meters_.size(); ++i) meters_.book(i).tick(now_, wall_);
  }
  void tick_by(milliseconds time) { tick(wall_ + time); }
  void next_bucket() { tick_by(std::chrono::seconds{300}); }

  void add(size_t worker, const std::string& domain, uint64_t bytes) {
    meters_.book(worker).meter(domain).add(gateway::usage::Field::client_bytes_out, bytes);
  }
  void push(const gateway::usage::Record& record) { queues_[0].push(record); }

  gateway::usage::ledger::Writer& writer() { return writer_; }
  gateway::usage::meter::Books& meters() { return meters_; }
  bool flush() { return writer_.flush(); }
  milliseconds wall() const { return wall_; }

 private:
  std::vector<gateway::usage::RecordQueue*> pointers() {
    std::vector<gateway::usage::RecordQueue*> all;
    for (auto& queue : queues_) all.push_back(&queue);
    return all;
  }

  milliseconds wall_{kNoon * 1000};
  milliseconds now_{1000};
  gateway::usage::meter::Books meters_;
  std::vector<gateway::usage::RecordQueue> queues_;
  gateway::usage::ledger::Writer writer_;
};

}  // namespace tests
