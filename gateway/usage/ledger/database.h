// A connection to SQLite and its prepared statements, with errors as values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/usage/ledger/ledger.h"
#include "proto/base/result.h"

namespace gateway::usage::ledger {

class Database;

// Places of parameters count from 1, of columns from 0, as SQLite counts them. What is bound is not
// copied: it must stay until reset().
class Statement {
 public:
  Statement() = default;

  Statement& bind(int place, int64_t number);
  Statement& bind(int place, std::string_view text);
  Statement& bind_bytes(int place, std::span<const uint8_t> bytes);
  Statement& bind_null(int place);

  enum class Step : uint8_t { row, done, failed };
  Step step();
  // Runs to the end, for statements without rows; false: failed. Resets.
  bool run();
  void reset();

  int64_t integer(int column) const;
  uint64_t count(int column) const;  // what is negative is 0: no count of ours ever is
  // Valid until the next step.
  std::string_view text(int column) const;
  std::span<const uint8_t> bytes(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(void* statement) const noexcept;
  };
  explicit Statement(void* handle) : handle_(handle) {}
  // SQLite's own type is known in .cc files alone.
  std::unique_ptr<void, Finalize> handle_;
};

// Used by one thread at a time. Statements must go before their database.
class Database {
 public:
  enum class Access : uint8_t { read, write };
  static proto::Result<Database, Error> open(const std::string& path, Access access);

  [[nodiscard]] std::optional<Error> run(const std::string& sql);
  [[nodiscard]] proto::Result<Statement, Error> prepare(const std::string& sql);
  // The first column of the first row; nothing: no row.
  [[nodiscard]] proto::Result<std::optional<int64_t>, Error> number(const std::string& sql);
  [[nodiscard]] proto::Result<std::string, Error> text(const std::string& sql);
  // What the last call that failed has met.
  Error error() const;
  int changes() const;
  bool in_transaction() const;
  // Gives back the pages that no statement is using: up to 512 KiB, read anew when they are needed.
  void release_pages();
  // A function for statements: the larger count of each name in two JSON objects.
  void add_larger_counts();

 private:
  struct Close {
    void operator()(void* database) const noexcept;
  };
  explicit Database(void* handle) : handle_(handle) {}
  std::unique_ptr<void, Close> handle_;
};

// {"a":1,"b":5} and {"a":3} give {"a":3,"b":5}. What is no such object counts as empty.
std::string larger_counts(std::string_view one, std::string_view other);

}  // namespace gateway::usage::ledger
