// One connection to PostgreSQL that never blocks for longer than it was told.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/fleet/postgres_target.h"
#include "gateway/fleet/postgres_waker.h"
#include "proto/base/result.h"

struct pg_conn;
struct pg_result;

namespace gateway::fleet {

// After an error that is not `refused` the connection is of no use any more: drop it.
class PostgresConnection {
 public:
  using Time = PostgresWaker::Time;
  using Error = PostgresError;
  struct ClearResult {
    void operator()(pg_result* result) const;
  };
  using Answer = std::unique_ptr<pg_result, ClearResult>;

  // All places of the target are tried in turn; `timeout` is for all of them together.
  static proto::Result<std::unique_ptr<PostgresConnection>, Error> open(
      const PostgresTarget& target, std::chrono::milliseconds timeout, PostgresWaker& waker);
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;
  ~PostgresConnection();

  // Statements that are sent as they are; the rows of the last one. NULL reads as "".
  using Cells = std::vector<std::vector<std::string>>;
  [[nodiscard]] proto::Result<Cells, Error> query(const std::string& statements, Time until);

  // What is next of the answers to what was sent by handle(), sending the rest meanwhile. Null: the
  // end of one statement's answers.
  [[nodiscard]] proto::Result<Answer, Error> next(Time until);
  pg_conn* handle() const { return connection_; }
  // Of an answer that says no.
  Error refused(const pg_result* answer) const;
  // Of the connection as it is.
  Error lost() const;

  int socket() const;
  // Reads what the server said unasked, as before it shuts down. Nothing: the connection stands.
  [[nodiscard]] std::optional<Error> hear();

  // "db.example.com:5432/usage as weir", for the log.
  std::string description() const;

 private:
  PostgresConnection(pg_conn* connection, const PostgresTarget& target, PostgresWaker& waker);
  std::optional<Error> connect(Time until);

  pg_conn* connection_;
  const PostgresTarget target_;
  PostgresWaker& waker_;
};

}  // namespace gateway::fleet
