// The fleet's store: rows of the ledger go to one PostgreSQL table, on a thread of its own, and are
// sent again until they are acknowledged.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "gateway/usage/rows.h"
#include "proto/base/result.h"

namespace gateway::postgres {

// The ledger is its memory: however long the server is away, no more than one batch of rows is held
// here. Log lines tell each change of state.
class Sink {
 public:
  struct Plan {
    std::string url;  // as libpq takes it: "postgresql://user@host/db" or "host=… dbname=…"
    std::string ledger_path;
    std::chrono::milliseconds timeout{10'000};       // of a connection, and of a batch
    std::chrono::milliseconds longest_wait{60'000};  // of the back-off between attempts
  };
  explicit Sink(Plan plan);
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  ~Sink();  // stop()

  void start();
  // Tries once more to bring the rest over, for at most `patience`.
  void stop(std::chrono::milliseconds patience);
  // There may be new rows. Any thread.
  void wake();

  struct Figures {
    uint64_t errors = 0;
    uint64_t rows_sent = 0;     // and acknowledged
    uint64_t rows_refused = 0;  // by the server for what they hold; kept and tried again
    bool connected = false;
    std::chrono::milliseconds lag{0};  // since everything was acknowledged; 0: it is now
    std::string trouble;               // why it is not, without the password; empty: none
  };
  Figures figures() const;  // any thread

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The table's definition, as the sink creates it and as the operator's manual prints it.
std::string ddl();

// Reads a whole fleet. Error: why it cannot be reached, without the password.
[[nodiscard]] proto::Result<std::unique_ptr<usage::Rows>, std::string> open_rows(
    const std::string& url, std::chrono::milliseconds timeout);

}  // namespace gateway::postgres
