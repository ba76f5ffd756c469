// What a sink does when it is awake: takes rows from the ledger, has them committed by the server,
// and notes in the ledger how far it has come.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/postgres/connection.h"
#include "gateway/postgres/table.h"
#include "gateway/usage/ledger/ledger.h"

namespace gateway::postgres {

// Rows are acknowledged in the order of their revisions. A row that the server refuses for what it
// holds is tried alone and, if refused again, kept: the rows behind it go on, but what the ledger
// notes as acknowledged stays before it, so that it is tried again, also by the next process.
class Delivery {
 public:
  // Read by any thread.
  struct Progress {
    std::atomic<uint64_t> errors{0};
    std::atomic<uint64_t> rows_sent{0};
    std::atomic<uint64_t> rows_refused{0};
    std::atomic<bool> connected{false};
    // When the steady clock saw the first row that is not acknowledged; 0: everything is.
    std::atomic<int64_t> behind_since_ms{0};
    void fall_behind();
  };
  struct Plan {
    std::string url;
    std::string ledger_path;
    std::chrono::milliseconds timeout;
  };
  static constexpr size_t kBatch = 1000;
  // Beyond it something is wrong with the table rather than with rows: nothing goes on.
  static constexpr size_t kMostRefused = 10'000;

  Delivery(Plan plan, Waker& waker, Progress& progress);

  // The ledger and the connection, if they are not open yet. After an error of any of these
  // functions the connection is gone.
  [[nodiscard]] std::optional<Error> open();
  // Sends until nothing is left. Nothing: everything is acknowledged, but for refused rows.
  [[nodiscard]] std::optional<Error> bring_over();
  // "db.example.com:5432/usage as weir", of the last connection.
  const std::string& description() const { return description_; }

  // While there is nothing to do: the connection's socket (-1: none), and what came on it.
  int socket() const;
  [[nodiscard]] std::optional<Error> hear();

  // Rows that are not acknowledged, counted up to one batch.
  size_t waiting();

 private:
  std::optional<Error> open_ledger();
  std::optional<Error> connect();
  std::optional<Error> send_new_rows();
  std::optional<Error> send_batch(const std::vector<usage::ledger::Ledger::Change>& batch);
  std::optional<Error> send_alone(const std::vector<usage::ledger::Ledger::Change>& batch);
  std::optional<Error> send_refused_again();
  std::optional<Error> read(int64_t after, size_t most,
                            std::vector<usage::ledger::Ledger::Change>& changes);
  void keep(const usage::ledger::Ledger::Change& change, const Error& why);
  void note_acknowledged();
  Waker::Time in_time() const;
  Error failed(Error error);

  const Plan plan_;
  Waker& waker_;
  Progress& progress_;
  std::optional<usage::ledger::Ledger> ledger_;
  std::pair<uint64_t, uint64_t> ledger_file_;  // device and number: another one, another ledger
  std::unique_ptr<Connection> connection_;
  std::optional<Table> table_;
  std::string identity_;  // of the table that cursor_ and refused_ are of
  std::string description_;
  int64_t cursor_ = 0;        // the last revision that was sent and answered
  int64_t acknowledged_ = 0;  // what the ledger knows
  std::map<usage::RowKey, int64_t> refused_;
  Waker::Time retry_refused_;
};

}  // namespace gateway::postgres
