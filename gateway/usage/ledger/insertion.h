// The statements that put what a batch has into the ledger's tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "gateway/usage/ledger/database.h"
#include "gateway/usage/ledger/ledger.h"
#include "proto/base/result.h"

namespace gateway::usage::ledger {

// Prepared once for a connection. Knows nothing of transactions: whoever rolls one back says so,
// because ids of processes that were found in it may be gone.
class Insertion {
 public:
  // `database` outlives it.
  explicit Insertion(Database& database) : database_(database) {}

  [[nodiscard]] std::optional<Error> prepare();
  [[nodiscard]] std::optional<Error> put(const Batch& batch);
  void rolled_back() { processes_.clear(); }
  // Of the last put().
  size_t rows_changed() const { return rows_changed_; }

 private:
  std::optional<Error> put_rows(std::span<const Row> rows);
  std::optional<Error> put_row(const Row& row, int64_t process, int64_t revision);
  std::optional<Error> put_record(const Record& record, int64_t process);
  proto::Result<int64_t, Error> process(const std::string& node, const std::string& boot);
  proto::Result<int64_t, Error> last_revision();

  Database& database_;
  Statement add_process_, find_process_, find_revision_, put_row_, put_session_, put_step_;
  std::map<std::pair<std::string, std::string>, int64_t> processes_;  // by boot and node
  size_t rows_changed_ = 0;
};

}  // namespace gateway::usage::ledger
