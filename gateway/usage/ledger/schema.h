// The ledger's tables: their steps from version to version, and the columns that name every number.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/usage/ledger/database.h"
#include "gateway/usage/totals.h"

namespace gateway::usage::ledger {

inline constexpr std::string_view kUsageTable = "usage_row";
inline constexpr std::string_view kSessionTable = "session";

// PRAGMA user_version of what this version of Weir writes.
int64_t schema_version();

// Error `newer`: a later version's; `damaged`: some other program's database.
[[nodiscard]] std::optional<Error> check_version(Database& database);
// Brings an empty file or an earlier version to the current one, in one transaction. A field or map
// that this version counts and a table has no column for gets one: earlier rows have 0 there, or an
// empty map.
[[nodiscard]] std::optional<Error> migrate(Database& database);
// Looks for damage in a bounded time: SQLite's quick_check for a small file; of a large one the
// newest rows, by key and by revision, are walked. Damage elsewhere is found when it is read.
[[nodiscard]] std::optional<Error> check_pages(Database& database);
// The same without a bound, and for tables that are gone.
[[nodiscard]] std::optional<Error> check_everything(Database& database);

// The fields' names, joined: each name with `before` and `after` around it.
std::string each_field(std::string_view before, std::string_view after);
// For SELECT, in the order of Field, from a table that may be of an earlier version: a literal 0
// where there is no such column. `alias` is the table's in the statement.
[[nodiscard]] proto::Result<std::string, Error> selected_fields(Database& database,
                                                                std::string_view table,
                                                                std::string_view alias);
// All of a row of usage, as read_row() takes it: "node,boot,domain,..."
[[nodiscard]] proto::Result<std::string, Error> selected_row(Database& database);

// Fields from the columns that begin at `first`.
void read_fields(const Statement& statement, int first, std::array<uint64_t, kFields>& fields);
// A row of usage from the columns of selected_row(), which begin at `first`.
[[nodiscard]] Row read_row(const Statement& statement, int first);
// "?,?,?"
std::string placeholders(size_t number);

}  // namespace gateway::usage::ledger
