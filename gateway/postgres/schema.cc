#include "gateway/postgres/schema.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "gateway/postgres/sink.h"

namespace gateway::postgres {

namespace {

const std::vector<std::string> kKey{"node", "boot", "domain", "bucket", "part"};

std::string field_name(size_t field) {
  return std::string(to_string(static_cast<usage::Field>(field)));
}

std::vector<Column> make_columns() {
  // Names compare by bytes everywhere, so that the order of an answer is that of the ledger.
  std::vector<Column> columns{
      {"node", "text COLLATE \"C\" NOT NULL"},
      {"boot", "text COLLATE \"C\" NOT NULL"},
      {"domain", "text COLLATE \"C\" NOT NULL"},
      {"bucket", "timestamptz NOT NULL"},
      {"part", "integer NOT NULL"},
      {"complete", "boolean NOT NULL"},
      {"revision", "bigint NOT NULL"},
  };
  // Every 64-bit number has room, and a zero takes less of it than in a bigint.
  for (size_t i = 0; i < usage::kFields; ++i) {
    columns.push_back({field_name(i), "numeric(20) NOT NULL DEFAULT 0"});
  }
  for (const usage::JsonColumn& map : usage::kJsonColumns) {
    columns.push_back({std::string(map.name), "jsonb NOT NULL DEFAULT '{}'"});
  }
  columns.push_back({"received", "timestamptz NOT NULL DEFAULT now()"});
  return columns;
}

std::string join(const std::vector<std::string>& items, std::string_view between) {
  std::string all;
  for (const std::string& item : items) {
    if (!all.empty()) all += between;
    all += item;
  }
  return all;
}

bool is_key(const std::string& name) {
  return std::find(kKey.begin(), kKey.end(), name) != kKey.end();
}

template <class Number>
bool read_number(std::string_view cell, Number& number) {
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  return error == std::errc() && end == cell.data() + cell.size();
}

const std::map<std::string, usage::Field>& field_by_name() {
  static const std::map<std::string, usage::Field> kByName = [] {
    std::map<std::string, usage::Field> names;
    for (size_t i = 0; i < usage::kFields; ++i)
      names.emplace(field_name(i), static_cast<usage::Field>(i));
    return names;
  }();
  return kByName;
}

}  // namespace

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns = make_columns();
  return kColumns;
}

std::string ddl() {
  const std::string table(kTable);
  std::string ddl = "CREATE TABLE IF NOT EXISTS " + table + " (\n";
  for (const Column& column : columns()) {
    ddl += "  " + column.name + ' ' + column.type + ",\n";
  }
  ddl += "  PRIMARY KEY (" + join(kKey, ", ") + ")\n);\n";
  ddl +=
      "CREATE INDEX IF NOT EXISTS " + table + "_bucket_domain ON " + table + " (bucket, domain);\n";
  return ddl;
}

std::string additions(const std::set<std::string>& present) {
  std::vector<std::string> additions;
  for (const Column& column : columns()) {
    if (!present.contains(column.name)) {
      additions.push_back("ADD COLUMN IF NOT EXISTS " + column.name + ' ' + column.type);
    }
  }
  if (additions.empty()) return {};
  return "ALTER TABLE " + std::string(kTable) + ' ' + join(additions, ", ");
}

std::string insert_statement() {
  const std::string table(kTable);
  std::vector<std::string> names;
  std::vector<std::string> values;
  std::vector<std::string> updates{"received = now()"};
  // Numbers of a row only grow, so the greater one is right in whatever order they come. A ledger
  // that was set aside as damaged counts its revisions from the beginning again, so a row that says
  // more is newer, whatever its revision.
  std::vector<std::string> newer{table + ".revision < excluded.revision", "excluded.complete"};
  for (const Column& column : columns()) {
    if (column.name == "received") continue;
    names.push_back(column.name);
    const std::string place = '$' + std::to_string(names.size());
    values.push_back(column.name == "bucket" ? "to_timestamp(" + place + "::bigint)" : place);
    const std::string stored = table + '.' + column.name;
    const std::string given = "excluded." + column.name;
    if (field_by_name().contains(column.name)) {
      updates.push_back(column.name + " = greatest(" + stored + ", " + given + ')');
      newer.push_back(given + " > " + stored);
    } else if (!is_key(column.name)) {
      updates.push_back(column.name + " = " + given);
    }
  }
  return "INSERT INTO " + table + " (" + join(names, ", ") + ") VALUES (" + join(values, ", ") +
         ") ON CONFLICT (" + join(kKey, ", ") + ") DO UPDATE SET " + join(updates, ", ") +
         " WHERE NOT " + table + ".complete AND (" + join(newer, " OR ") + ')';
}

std::vector<std::string> parameters(const usage::Row& row, int64_t revision) {
  std::vector<std::string> values{row.key.node,
                                  row.key.boot,
                                  row.key.domain,
                                  std::to_string(row.key.bucket),
                                  std::to_string(row.key.part),
                                  row.complete ? "true" : "false",
                                  std::to_string(revision)};
  for (const uint64_t number : row.totals.fields) values.push_back(std::to_string(number));
  for (const usage::JsonColumn& map : usage::kJsonColumns) values.push_back(map.write(row.totals));
  return values;
}

std::vector<std::string> answer_columns(const std::set<std::string>& present) {
  std::vector<std::string> names;
  for (const Column& column : columns()) {
    const bool wanted = column.name != "received" && column.name != "revision";
    if (wanted && present.contains(column.name)) names.push_back(column.name);
  }
  return names;
}

std::string select_statement(const std::set<std::string>& present) {
  std::vector<std::string> expressions;
  for (const std::string& name : answer_columns(present)) {
    expressions.push_back(name == "bucket" ? "extract(epoch FROM bucket)::bigint" : name);
  }
  return "SELECT " + join(expressions, ", ") + " FROM " + std::string(kTable) +
         " WHERE ($1::text[] IS NULL OR domain = ANY ($1::text[]))"
         " AND bucket >= to_timestamp($2::bigint) AND bucket < to_timestamp($3::bigint)"
         " ORDER BY " +
         std::string(kTable) + ".bucket, domain";
}

bool read_cell(const std::string& column, std::string_view cell, usage::Row& row) {
  if (column == "node") row.key.node = cell;
  if (column == "boot") row.key.boot = cell;
  if (column == "domain") row.key.domain = cell;
  if (column == "bucket") return read_number(cell, row.key.bucket);
  if (column == "part") return read_number(cell, row.key.part);
  if (column == "complete") row.complete = cell == "t";
  // What a later version of Weir counts beside has no place here, and is in no sum of this one.
  for (const usage::JsonColumn& map : usage::kJsonColumns) {
    if (column == map.name) static_cast<void>(map.read(cell, row.totals));
  }
  const auto field = field_by_name().find(column);
  return field == field_by_name().end() || read_number(cell, row.totals[field->second]);
}

std::string array_text(const std::vector<std::string>& items) {
  std::vector<std::string> quoted;
  for (const std::string& item : items) {
    std::string text = "\"";
    for (const char c : item) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    quoted.push_back(text + '"');
  }
  return '{' + join(quoted, ",") + '}';
}

}  // namespace gateway::postgres
