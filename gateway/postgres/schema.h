// The fleet's table: its columns, and the statements that make, fill and read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/usage/rows.h"

namespace gateway::postgres {

inline constexpr std::string_view kTable = "weir_usage";

struct Column {
  std::string name;
  std::string type;  // with its constraints, as in the definition
};
// In the order of the statements' parameters, then `received`.
const std::vector<Column>& columns();

// ALTER TABLE for what `present` lacks; empty: it lacks nothing.
std::string additions(const std::set<std::string>& present);

// What fills the table: parameters are as postgres_parameters() gives them.
std::string insert_statement();
std::vector<std::string> parameters(const usage::Row& row, int64_t revision);

// What reads it, with those columns alone that are there: domains as an array ($1, NULL: all), from
// ($2) and to ($3) as Unix seconds. The answer's columns are those of postgres_answer_columns().
std::string select_statement(const std::set<std::string>& present);
std::vector<std::string> answer_columns(const std::set<std::string>& present);
// One cell of an answer. False: no such value can be in a row.
[[nodiscard]] bool read_cell(const std::string& column, std::string_view cell, usage::Row& row);
// {"a","b"}: how PostgreSQL writes an array.
std::string array_text(const std::vector<std::string>& items);

}  // namespace gateway::postgres
