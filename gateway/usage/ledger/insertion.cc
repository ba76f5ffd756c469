#include "gateway/usage/ledger/insertion.h"

#include <array>
#include <atomic>
#include <limits>

#include "gateway/log/log.h"
#include "gateway/usage/ledger/schema.h"

namespace gateway::usage::ledger {

namespace {

// SQLite's integers have a sign. Nothing real comes near: 2^63 bytes are 29 years at 10 GB/s.
int64_t storable(uint64_t number) {
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (number <= kMost) return static_cast<int64_t>(number);
  static std::atomic<bool> told{false};
  if (!told.exchange(true))
    log::say(
        log::Level::error,
        "usage: a number above 2^63-1 was cut to that in the ledger; it cannot be a right one");
  return std::numeric_limits<int64_t>::max();
}

constexpr size_t kRowColumns = 6;  // before its maps

// A row is written only when that changes it, and each number only upwards.
std::string upsert_row() {
  std::string sql = "INSERT INTO usage_row(bucket,domain,process,part,revision,complete";
  for (const JsonColumn& map : kJsonColumns) sql.append(",").append(map.name);
  for (size_t i = 0; i < kFields; ++i) sql.append(",").append(to_string(static_cast<Field>(i)));
  sql += ") VALUES(" + placeholders(kRowColumns + kJsonColumns.size() + kFields) +
         ") ON CONFLICT(bucket,domain,process,part) " +
         "DO UPDATE SET revision=excluded.revision,complete=excluded.complete";
  for (size_t i = 0; i < kFields; ++i) {
    const std::string name(to_string(static_cast<Field>(i)));
    sql += "," + name + "=max(" + name + ",excluded." + name + ")";
  }
  std::string changed = "excluded.complete";
  for (const JsonColumn& map : kJsonColumns) {
    const std::string name(map.name);
    sql += "," + name + "=larger_counts(" + name + ",excluded." + name + ")";
    changed += " OR excluded." + name + "<>" + name;
  }
  for (size_t i = 0; i < kFields; ++i) {
    const std::string name(to_string(static_cast<Field>(i)));
    changed += " OR excluded." + name + ">" + name;
  }
  return sql + " WHERE NOT complete AND (" + changed + ")";
}

std::string upsert_session() {
  std::string columns =
      "sequence,kind,domain,client,origin,opened_ms,time_ms,duration_ms,"
      "client_tls,end_by,end_stage,end_cause,end_code";
  constexpr size_t kColumns = 13;
  for (size_t i = 0; i < kFields; ++i) columns.append(",").append(to_string(static_cast<Field>(i)));
  std::string values;
  for (size_t i = 0; i < kColumns + kFields; ++i) values += ",?";
  std::string excluded = "excluded." + columns;
  for (size_t at = excluded.find(','); at != std::string::npos; at = excluded.find(',', at + 1))
    excluded.insert(at + 1, "excluded.");
  return "INSERT INTO session(process,session," + columns + ") VALUES(?,?" + values +
         ") ON CONFLICT(process,session) DO UPDATE SET(" + columns + ")=(" + excluded +
         ") WHERE excluded.sequence>sequence";
}

}  // namespace

std::optional<Error> Insertion::prepare() {
  const std::pair<Statement*, std::string> all[] = {
      {&add_process_, "INSERT OR IGNORE INTO process(node,boot) VALUES(?,?)"},
      {&find_process_, "SELECT id FROM process WHERE node=? AND boot=?"},
      // What pruning took away and a sink has had must not come again.
      {&find_revision_,
       "SELECT max(coalesce((SELECT max(revision) FROM usage_row),0),"
       "coalesce((SELECT max(revision) FROM sink),0))"},
      {&put_row_, upsert_row()},
      {&put_session_, upsert_session()},
      {&put_step_, "INSERT INTO clock_step(process,time_ms,step_ms) VALUES(?,?,?)"}};
  for (const auto& [statement, sql] : all) {
    auto prepared = database_.prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return std::nullopt;
}

std::optional<Error> Insertion::put(const Batch& batch) {
  if (auto error = put_rows(batch.rows)) return error;
  if (batch.records.empty() && batch.clock_steps.empty()) return std::nullopt;
  const auto id = process(batch.node, batch.boot);
  if (!id) return id.error();
  for (const Record& record : batch.records) {
    if (auto error = put_record(record, *id)) return error;
  }
  for (const ClockStep& step : batch.clock_steps) {
    if (!put_step_.bind(1, *id).bind(2, step.time_ms).bind(3, step.step_ms).run())
      return database_.error();
  }
  return std::nullopt;
}

std::optional<Error> Insertion::put_rows(std::span<const Row> rows) {
  rows_changed_ = 0;
  if (rows.empty()) return std::nullopt;
  const auto last = last_revision();
  if (!last) return last.error();
  int64_t revision = *last;
  for (const Row& row : rows) {
    const auto id = process(row.key.node, row.key.boot);
    if (!id) return id.error();
    if (auto error = put_row(row, *id, ++revision)) return error;
  }
  return std::nullopt;
}

std::optional<Error> Insertion::put_row(const Row& row, int64_t process, int64_t revision) {
  put_row_.bind(1, row.key.bucket).bind(2, row.key.domain).bind(3, process);
  put_row_.bind(4, int64_t{row.key.part}).bind(5, revision).bind(6, row.complete ? 1 : 0);
  // A statement takes no copy of a text that is bound to it.
  std::array<std::string, kJsonColumns.size()> maps;
  int next = kRowColumns + 1;
  for (size_t i = 0; i < maps.size(); ++i) {
    maps[i] = kJsonColumns[i].write(row.totals);
    put_row_.bind(next++, maps[i]);
  }
  for (const uint64_t number : row.totals.fields) put_row_.bind(next++, storable(number));
  if (!put_row_.run()) return database_.error();
  rows_changed_ += static_cast<size_t>(database_.changes());
  return std::nullopt;
}

std::optional<Error> Insertion::put_record(const Record& record, int64_t process) {
  Statement& put = put_session_;
  put.bind(1, process).bind_bytes(2, record.session).bind(3, int64_t{record.sequence});
  put.bind(4, to_string(record.kind)).bind(5, record.domain).bind(6, record.client);
  put.bind(7, record.origin).bind(8, record.opened_ms).bind(9, record.time_ms);
  put.bind(10, storable(record.duration_ms)).bind(11, record.client_tls ? 1 : 0);
  if (record.kind == Record::Kind::stop) {
    put.bind(12, outcome::to_string(record.end.by)).bind(13, outcome::to_string(record.end.stage));
    put.bind(14, outcome::to_string(record.end.cause));
    put.bind(15, static_cast<int64_t>(record.end.code));
  } else {
    for (int place = 12; place <= 15; ++place) put.bind_null(place);
  }
  const SessionTotals& totals = record.totals.get();
  for (size_t i = 0; i < kFields; ++i)
    put.bind(static_cast<int>(16 + i), storable(totals.fields[i]));
  if (!put.run()) return database_.error();
  return std::nullopt;
}

proto::Result<int64_t, Error> Insertion::process(const std::string& node, const std::string& boot) {
  const auto known = processes_.find({boot, node});
  if (known != processes_.end()) return known->second;
  if (!add_process_.bind(1, node).bind(2, boot).run()) return proto::Unexpected{database_.error()};
  find_process_.bind(1, node).bind(2, boot);
  if (find_process_.step() != Statement::Step::row) {
    find_process_.reset();
    return proto::Unexpected{database_.error()};
  }
  const int64_t id = find_process_.integer(0);
  find_process_.reset();
  processes_[{boot, node}] = id;
  return id;
}

proto::Result<int64_t, Error> Insertion::last_revision() {
  const bool found = find_revision_.step() == Statement::Step::row;
  const int64_t revision = found ? find_revision_.integer(0) : 0;
  find_revision_.reset();
  if (!found) return proto::Unexpected{database_.error()};
  return revision;
}

}  // namespace gateway::usage::ledger
