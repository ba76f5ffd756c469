// The fleet's table by one connection: makes it, and fills it in transactions.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "gateway/postgres/connection.h"
#include "gateway/usage/ledger/ledger.h"

namespace gateway::postgres {

class Table {
 public:
  using Time = Waker::Time;

  explicit Table(Connection& connection) : connection_(connection) {}

  // Sets the session up, makes the table or the columns it lacks, and prepares the statement.
  [[nodiscard]] std::optional<Error> prepare(Time until, std::chrono::milliseconds timeout);
  // Names this very table: another server, a restored database or a table made anew has another
  // one, so whoever keeps what it has acknowledged under it sends everything again. After
  // prepare().
  const std::string& identity() const { return identity_; }

  // All in one transaction, in pipeline mode; nothing: the server has said that it is committed.
  [[nodiscard]] std::optional<Error> deliver(std::span<const usage::ledger::Ledger::Change> changes,
                                             Time until);
  // Each in a transaction of its own. `no` gets those that the server refuses for what they hold.
  struct Refusal {
    size_t place = 0;  // among the changes
    Error error;
  };
  [[nodiscard]] std::optional<Error> deliver_singly(
      std::span<const usage::ledger::Ledger::Change> changes, Time until, std::vector<Refusal>& no);
  // Whether it is about what one row holds: data exceptions and violated constraints.
  static bool about_a_row(const Error& error);

 private:
  std::optional<Error> make(Time until);
  std::optional<Error> identify(Time until);
  std::optional<Error> prepare_insert(Time until);
  std::optional<Error> roll_back(Time until);
  bool begin_pipeline();
  bool send(const std::string& statement);
  bool send(const usage::ledger::Ledger::Change& change);
  std::optional<Error> collect(Time until, bool& committed);

  Connection& connection_;
  std::string identity_;
};

// The columns that the table has; none: there is no table.
[[nodiscard]] proto::Result<std::set<std::string>, Error> present_columns(Connection& connection,
                                                                          Waker::Time until);

}  // namespace gateway::postgres
