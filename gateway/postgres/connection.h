// One connection to PostgreSQL that never blocks for longer than it was told.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/postgres/target.h"
#include "gateway/postgres/waker.h"
#include "proto/base/result.h"

struct pg_conn;
struct pg_result;

namespace gateway::postgres {

// After an error that is not `refused` the connection is of no use any more: drop it.
class Connection {
 public:
  using Time = Waker::Time;
  struct ClearResult {
    void operator()(pg_result* result) const;
  };
  using Answer = std::unique_ptr<pg_result, ClearResult>;

  // All places of the target are tried in turn; `timeout` is for all of them together.
  static proto::Result<std::unique_ptr<Connection>, Error> open(const Target& target,
                                                                std::chrono::milliseconds timeout,
                                                                Waker& waker);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

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
  Connection(pg_conn* connection, const Target& target, Waker& waker);
  std::optional<Error> connect(Time until);

  pg_conn* connection_;
  const Target target_;
  Waker& waker_;
};

}  // namespace gateway::postgres
