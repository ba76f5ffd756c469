#include "gateway/usage/ledger/schema.h"

#include <algorithm>
#include <array>
#include <span>

namespace gateway::usage::ledger {

namespace {

// "Weir" in ASCII, for file(1) and against some other program's database.
constexpr int64_t kApplication = 0x57656972;

// One step for each version, of SQL alone. {fields} stands for a column of each Field. A step that
// was released is never edited; new fields and maps need none, migrate() adds their columns.
//
// Rows begin with the bucket, so that a flush writes to neighbouring pages and pruning frees whole
// ones; node and boot, the same in millions of rows, are a number.
constexpr std::array<std::string_view, 1> kSteps{R"sql(
  CREATE TABLE process(
    id INTEGER PRIMARY KEY,
    node TEXT NOT NULL,
    boot TEXT NOT NULL,
    UNIQUE(boot, node)
  ) STRICT;
  CREATE TABLE usage_row(
    bucket INTEGER NOT NULL,
    domain TEXT NOT NULL,
    process INTEGER NOT NULL,
    part INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    closed TEXT NOT NULL,
    refused TEXT NOT NULL,
    answers TEXT NOT NULL,
    {fields}
    PRIMARY KEY(bucket, domain, process, part)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX usage_row_revision ON usage_row(revision);
  CREATE TABLE session(
    id INTEGER PRIMARY KEY,
    process INTEGER NOT NULL,
    session BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    domain TEXT NOT NULL,
    client TEXT NOT NULL,
    origin TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    client_tls INTEGER NOT NULL,
    end_by TEXT,
    end_stage TEXT,
    end_cause TEXT,
    end_code INTEGER,
    {fields}
    UNIQUE(process, session)
  ) STRICT;
  CREATE INDEX session_time ON session(time_ms);
  CREATE TABLE clock_step(
    id INTEGER PRIMARY KEY,
    process INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    step_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE sink(
    name TEXT PRIMARY KEY,
    revision INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
)sql"};

constexpr std::array<std::string_view, 5> kTables{"process", kUsageTable, kSessionTable,
                                                  "clock_step", "sink"};

// quick_check reads about 200 MB a second when nothing is cached.
constexpr int64_t kSmallBytes = int64_t{32} << 20;
constexpr int kWalkedRows = 10'000;

constexpr std::string_view kColumnRule = " INTEGER NOT NULL DEFAULT 0";
constexpr std::string_view kMapRule = " TEXT NOT NULL DEFAULT '{}'";
// Maps that the first step does not make: a ledger of an earlier version has none.
constexpr auto kAddedMaps = std::span(kJsonColumns).subspan(3);

std::string expand(std::string_view step) {
  constexpr std::string_view kPlaceholder = "{fields}";
  const std::string columns = each_field("", std::string(kColumnRule) + ",");
  std::string sql(step);
  for (size_t at = sql.find(kPlaceholder); at != std::string::npos; at = sql.find(kPlaceholder, at))
    sql.replace(at, kPlaceholder.size(), columns);
  return sql;
}

proto::Result<std::vector<std::string>, Error> columns_of(Database& database,
                                                          std::string_view table) {
  auto query = database.prepare("SELECT name FROM pragma_table_info('" + std::string(table) + "')");
  if (!query) return proto::Unexpected{query.error()};
  std::vector<std::string> names;
  Statement::Step step = query->step();
  for (; step == Statement::Step::row; step = query->step()) names.emplace_back(query->text(0));
  if (step == Statement::Step::failed) return proto::Unexpected{database.error()};
  return names;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::optional<Error> add_column(Database& database, std::string_view table, std::string_view name,
                                std::string_view rule) {
  return database.run(
      std::string("ALTER TABLE ").append(table).append(" ADD COLUMN ").append(name).append(rule));
}

std::optional<Error> add_columns(Database& database, std::string_view table) {
  const auto names = columns_of(database, table);
  if (!names) return names.error();
  for (size_t i = 0; i < kFields; ++i) {
    const std::string_view name = to_string(static_cast<Field>(i));
    if (contains(*names, name)) continue;
    if (auto error = add_column(database, table, name, kColumnRule)) return error;
  }
  if (table != kUsageTable) return std::nullopt;
  for (const JsonColumn& map : kAddedMaps) {
    if (contains(*names, map.name)) continue;
    if (auto error = add_column(database, table, map.name, kMapRule)) return error;
  }
  return std::nullopt;
}

std::optional<Error> take_steps(Database& database) {
  const auto version = database.number("PRAGMA user_version");
  if (!version) return version.error();
  for (auto next = static_cast<size_t>(version->value_or(0)); next < kSteps.size(); ++next) {
    if (auto error = database.run(expand(kSteps[next]))) return error;
  }
  for (const std::string_view table : {kUsageTable, kSessionTable}) {
    if (auto error = add_columns(database, table)) return error;
  }
  if (*version == schema_version()) return std::nullopt;
  return database.run("PRAGMA application_id=" + std::to_string(kApplication) +
                      "; PRAGMA user_version=" + std::to_string(kSteps.size()));
}

std::optional<Error> quick_check(Database& database) {
  const auto found = database.text("PRAGMA quick_check(1)");
  if (!found) return found.error();
  if (*found == "ok") return std::nullopt;
  return Error{Error::Kind::damaged, *found};
}

std::optional<Error> walk(Database& database, const std::string& sql) {
  const auto sum = database.number(sql + " LIMIT " + std::to_string(kWalkedRows) + ")");
  if (!sum) return sum.error();
  return std::nullopt;
}

}  // namespace

int64_t schema_version() { return static_cast<int64_t>(kSteps.size()); }

std::optional<Error> check_version(Database& database) {
  const auto version = database.number("PRAGMA user_version");
  if (!version) return version.error();
  const auto application = database.number("PRAGMA application_id");
  if (!application) return application.error();
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  const bool empty = *version == 0 && *application == 0 && *tables == 0;
  if (!empty && *application != kApplication)
    return Error{Error::Kind::damaged, "it is a database of another program"};
  if (version->value_or(0) > schema_version())
    return Error{Error::Kind::newer, "it was written by a later version of Weir (schema " +
                                         std::to_string(version->value_or(0)) +
                                         ", this one knows " + std::to_string(schema_version()) +
                                         ")"};
  return std::nullopt;
}

std::optional<Error> migrate(Database& database) {
  if (auto error = database.run("BEGIN IMMEDIATE")) return error;
  auto error = take_steps(database);
  if (!error) error = database.run("COMMIT");
  // The first error is the one to tell.
  if (database.in_transaction()) static_cast<void>(database.run("ROLLBACK"));
  return error;
}

std::optional<Error> check_pages(Database& database) {
  const auto bytes =
      database.number("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
  if (!bytes) return bytes.error();
  if (bytes->value_or(0) <= kSmallBytes) return quick_check(database);
  if (auto error = walk(database,
                        "SELECT sum(length(answers)) FROM (SELECT answers FROM usage_row "
                        "ORDER BY bucket DESC, domain DESC, process DESC, part DESC"))
    return error;
  if (auto error = walk(database,
                        "SELECT sum(length(answers)) FROM (SELECT answers FROM usage_row "
                        "ORDER BY revision DESC"))
    return error;
  return walk(database,
              "SELECT sum(length(client)) FROM (SELECT client FROM session "
              "ORDER BY id DESC");
}

std::optional<Error> check_everything(Database& database) {
  if (auto error = quick_check(database)) return error;
  const auto version = database.number("PRAGMA user_version");
  if (!version) return version.error();
  if (version->value_or(0) == 0) return std::nullopt;
  for (const std::string_view table : kTables) {
    const auto columns = columns_of(database, table);
    if (!columns) return columns.error();
    if (columns->empty())
      return Error{Error::Kind::damaged, "it has no table " + std::string(table) + " any more"};
  }
  return std::nullopt;
}

std::string each_field(std::string_view before, std::string_view after) {
  std::string all;
  for (size_t i = 0; i < kFields; ++i)
    all.append(before).append(to_string(static_cast<Field>(i))).append(after);
  return all;
}

proto::Result<std::string, Error> selected_fields(Database& database, std::string_view table,
                                                  std::string_view alias) {
  const auto names = columns_of(database, table);
  if (!names) return proto::Unexpected{names.error()};
  std::string all;
  for (size_t i = 0; i < kFields; ++i) {
    const std::string_view name = to_string(static_cast<Field>(i));
    if (i > 0) all += ',';
    if (contains(*names, name)) {
      all.append(alias).append(".").append(name);
    } else {
      all += '0';
    }
  }
  return all;
}

proto::Result<std::string, Error> selected_row(Database& database) {
  const auto names = columns_of(database, kUsageTable);
  if (!names) return proto::Unexpected{names.error()};
  const auto fields = selected_fields(database, kUsageTable, kUsageTable);
  if (!fields) return fields;
  std::string all = "node,boot,domain,bucket,part,complete,closed,refused,answers,";
  for (const JsonColumn& map : kAddedMaps) {
    all.append(contains(*names, map.name) ? map.name : std::string_view("'{}'")) += ',';
  }
  return all + *fields;
}

void read_fields(const Statement& statement, int first, std::array<uint64_t, kFields>& fields) {
  for (size_t i = 0; i < kFields; ++i) fields[i] = statement.count(first + static_cast<int>(i));
}

Row read_row(const Statement& statement, int first) {
  const auto text = [&](int column) { return statement.text(first + column); };
  Row row;
  row.key = {std::string(text(0)), std::string(text(1)), std::string(text(2)),
             statement.integer(first + 3), static_cast<uint32_t>(statement.count(first + 4))};
  row.complete = statement.integer(first + 5) != 0;
  int next = 6;
  for (const JsonColumn& map : kJsonColumns) map.read(text(next++), row.totals);
  read_fields(statement, first + next, row.totals.fields);
  return row;
}

std::string placeholders(size_t number) {
  std::string all;
  for (size_t i = 0; i < number; ++i) all += i == 0 ? "?" : ",?";
  return all;
}

}  // namespace gateway::usage::ledger
