#include "gateway/usage/ledger/ledger.h"

#include <atomic>
#include <limits>
#include <map>
#include <sys/stat.h>
#include <utility>

#include "gateway/log/log.h"
#include "gateway/usage/ledger/database.h"
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

// A row is written only when that changes it, and each number only upwards.
std::string upsert_row() {
  std::string sql =
      "INSERT INTO usage_row(bucket,domain,process,part,revision,complete,closed,"
      "refused,answers";
  for (size_t i = 0; i < kFields; ++i) sql.append(",").append(to_string(static_cast<Field>(i)));
  sql += ") VALUES(" + placeholders(9 + kFields) + ") ON CONFLICT(bucket,domain,process,part) " +
         "DO UPDATE SET revision=excluded.revision,complete=excluded.complete";
  for (size_t i = 0; i < kFields; ++i) {
    const std::string name(to_string(static_cast<Field>(i)));
    sql += "," + name + "=max(" + name + ",excluded." + name + ")";
  }
  std::string changed = "excluded.complete";
  for (const std::string name : {"closed", "refused", "answers"}) {
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

std::optional<Error> set_up(Database& database) {
  // A page that does not fit together is found when it is read, not when it is used.
  const char* const pragmas[] = {"PRAGMA cell_size_check=ON",         "PRAGMA trusted_schema=OFF",
                                 "PRAGMA temp_store=MEMORY",          "PRAGMA synchronous=FULL",
                                 "PRAGMA wal_autocheckpoint=1000",       // pages, 4 MiB
                                 "PRAGMA journal_size_limit=16777216"};  // after a checkpoint
  for (const char* const pragma : pragmas) {
    if (auto error = database.run(pragma)) return error;
  }
  const auto mode = database.text("PRAGMA journal_mode=WAL");
  if (!mode) return mode.error();
  if (*mode != "wal") return Error{Error::Kind::trouble, "it cannot be put in WAL mode"};
  // After a failed fsync the kernel holds pages that it calls written and the disk never got. They
  // are written once more, to the database, before anything relies on them.
  return database.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

std::optional<Error> prepare_file(Database& database) {
  if (auto error = check_version(database)) return error;
  if (auto error = set_up(database)) return error;
  if (auto error = migrate(database)) return error;
  return check_pages(database);
}

std::pair<dev_t, ino_t> identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

Error in_ledger(const std::string& path, Error error) {
  error.text = path + ": " + error.text;
  return error;
}

}  // namespace

std::string file_path(const std::string& state_dir) { return state_dir + "/usage.db"; }

struct Ledger::State {
  State(std::string file, Database opened) : path(std::move(file)), database(std::move(opened)) {}

  std::optional<Error> prepare();
  std::optional<Error> write_all(const Batch& batch);
  std::optional<Error> write_rows(std::span<const Row> rows);
  std::optional<Error> write_row(const Row& row, int64_t process, int64_t revision);
  std::optional<Error> write_record(const Record& record, int64_t process);
  std::optional<Error> write_steps(const Batch& batch);
  proto::Result<int64_t, Error> process(const std::string& node, const std::string& boot);
  proto::Result<int64_t, Error> last_revision();
  Error error() const { return in_ledger(path, database.error()); }
  // Ends the transaction that failed.
  Error undo(Error cause);

  std::string path;
  std::pair<dev_t, ino_t> identity;
  Database database;
  std::string columns;  // of Field, for SELECT
  Statement add_process, find_process, find_revision, put_row, put_session, put_step, find_changes;
  std::map<std::pair<std::string, std::string>, int64_t> processes;  // by boot and node
  size_t rows_changed = 0;
};

std::optional<Error> Ledger::State::prepare() {
  database.add_larger_counts();
  auto selected = selected_fields(database, kUsageTable, "usage_row");
  if (!selected) return selected.error();
  const std::string changes =
      "SELECT revision,node,boot,domain,bucket,part,complete,closed,refused,answers," + *selected +
      " FROM usage_row JOIN process ON process.id=usage_row.process "
      "WHERE revision>? ORDER BY revision LIMIT ?";
  const std::pair<Statement*, std::string> all[] = {
      {&add_process, "INSERT OR IGNORE INTO process(node,boot) VALUES(?,?)"},
      {&find_process, "SELECT id FROM process WHERE node=? AND boot=?"},
      // What pruning took away and a sink has had must not come again.
      {&find_revision,
       "SELECT max(coalesce((SELECT max(revision) FROM usage_row),0),"
       "coalesce((SELECT max(revision) FROM sink),0))"},
      {&put_row, upsert_row()},
      {&put_session, upsert_session()},
      {&put_step, "INSERT INTO clock_step(process,time_ms,step_ms) VALUES(?,?,?)"},
      {&find_changes, changes}};
  for (const auto& [statement, sql] : all) {
    auto prepared = database.prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return std::nullopt;
}

proto::Result<Ledger, Error> Ledger::open(const std::string& path) {
  auto database = Database::open(path, Database::Access::write);
  if (!database) return proto::Unexpected{in_ledger(path, database.error())};
  if (auto error = prepare_file(*database)) return proto::Unexpected{in_ledger(path, *error)};
  auto state = std::make_unique<State>(path, std::move(*database));
  state->identity = identity_of(path);
  if (auto error = state->prepare()) return proto::Unexpected{in_ledger(path, *error)};
  return Ledger(std::move(state));
}

std::string proof_of_damage(const std::string& path) {
  auto database = Database::open(path, Database::Access::read);
  const auto error =
      database ? check_everything(*database) : std::optional<Error>(database.error());
  return error && error->kind == Error::Kind::damaged ? error->text : std::string();
}

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

Error Ledger::State::undo(Error cause) {
  if (database.in_transaction()) static_cast<void>(database.run("ROLLBACK"));
  processes.clear();  // some may have been of this transaction
  return cause;
}

std::optional<Error> Ledger::write(const Batch& batch) {
  // What is written to a file without a name is gone when it is closed.
  if (identity_of(state_->path) != state_->identity)
    return Error{Error::Kind::trouble,
                 state_->path + ": it was removed, or another file stands in its place"};
  if (auto error = state_->database.run("BEGIN IMMEDIATE")) return in_ledger(state_->path, *error);
  if (auto error = state_->write_all(batch)) return state_->undo(*error);
  if (auto error = state_->database.run("COMMIT"))
    return state_->undo(in_ledger(state_->path, *error));
  // The next batch needs a few of the pages that the records of thousands of sessions have touched.
  state_->database.release_pages();
  return std::nullopt;
}

size_t Ledger::rows_changed() const { return state_->rows_changed; }

std::optional<Error> Ledger::State::write_all(const Batch& batch) {
  if (auto error = write_rows(batch.rows)) return error;
  if (batch.records.empty() && batch.clock_steps.empty()) return std::nullopt;
  const auto id = process(batch.node, batch.boot);
  if (!id) return id.error();
  for (const Record& record : batch.records) {
    if (auto error = write_record(record, *id)) return error;
  }
  for (const ClockStep& step : batch.clock_steps) {
    if (!put_step.bind(1, *id).bind(2, step.time_ms).bind(3, step.step_ms).run()) return error();
  }
  return std::nullopt;
}

std::optional<Error> Ledger::State::write_rows(std::span<const Row> rows) {
  rows_changed = 0;
  if (rows.empty()) return std::nullopt;
  const auto last = last_revision();
  if (!last) return last.error();
  int64_t revision = *last;
  for (const Row& row : rows) {
    const auto id = process(row.key.node, row.key.boot);
    if (!id) return id.error();
    if (auto error = write_row(row, *id, ++revision)) return error;
  }
  return std::nullopt;
}

std::optional<Error> Ledger::State::write_row(const Row& row, int64_t process, int64_t revision) {
  const std::string closed = closed_json(row.totals);
  const std::string refused = refused_json(row.totals);
  const std::string answers = answers_json(row.totals);
  put_row.bind(1, row.key.bucket).bind(2, row.key.domain).bind(3, process);
  put_row.bind(4, int64_t{row.key.part}).bind(5, revision).bind(6, row.complete ? 1 : 0);
  put_row.bind(7, closed).bind(8, refused).bind(9, answers);
  for (size_t i = 0; i < kFields; ++i)
    put_row.bind(static_cast<int>(10 + i), storable(row.totals.fields[i]));
  if (!put_row.run()) return error();
  rows_changed += static_cast<size_t>(database.changes());
  return std::nullopt;
}

std::optional<Error> Ledger::State::write_record(const Record& record, int64_t process) {
  Statement& put = put_session;
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
  for (size_t i = 0; i < kFields; ++i)
    put.bind(static_cast<int>(16 + i), storable(record.totals.fields[i]));
  if (!put.run()) return error();
  return std::nullopt;
}

proto::Result<int64_t, Error> Ledger::State::process(const std::string& node,
                                                     const std::string& boot) {
  const auto known = processes.find({boot, node});
  if (known != processes.end()) return known->second;
  if (!add_process.bind(1, node).bind(2, boot).run()) return proto::Unexpected{error()};
  find_process.bind(1, node).bind(2, boot);
  if (find_process.step() != Statement::Step::row) {
    find_process.reset();
    return proto::Unexpected{error()};
  }
  const int64_t id = find_process.integer(0);
  find_process.reset();
  processes[{boot, node}] = id;
  return id;
}

proto::Result<int64_t, Error> Ledger::State::last_revision() {
  const bool found = find_revision.step() == Statement::Step::row;
  const int64_t revision = found ? find_revision.integer(0) : 0;
  find_revision.reset();
  if (!found) return proto::Unexpected{error()};
  return revision;
}

proto::Result<size_t, Error> Ledger::prune(int64_t before, size_t most) {
  const std::string limit = " LIMIT " + std::to_string(most) + ")";
  const std::string seconds = std::to_string(before);
  const std::string times = " WHERE time_ms<" + std::to_string(before * 1000) + limit;
  const std::string deletes[] = {
      "DELETE FROM usage_row WHERE (bucket,domain,process,part) IN "
      "(SELECT bucket,domain,process,part FROM usage_row WHERE bucket<" +
          seconds + limit,
      "DELETE FROM session WHERE id IN (SELECT id FROM session" + times,
      "DELETE FROM clock_step WHERE id IN (SELECT id FROM clock_step" + times};
  Database& database = state_->database;
  if (auto error = database.run("BEGIN IMMEDIATE"))
    return proto::Unexpected{in_ledger(state_->path, *error)};
  size_t gone = 0;
  for (const std::string& sql : deletes) {
    if (auto error = database.run(sql))
      return proto::Unexpected{state_->undo(in_ledger(state_->path, *error))};
    gone += static_cast<size_t>(database.changes());
  }
  if (auto error = database.run("COMMIT"))
    return proto::Unexpected{state_->undo(in_ledger(state_->path, *error))};
  return gone;
}

proto::Result<std::vector<Ledger::Change>, Error> Ledger::changes(int64_t after, size_t most) {
  if (identity_of(state_->path) != state_->identity)
    return proto::Unexpected{
        Error{Error::Kind::trouble, state_->path + ": another file stands in its place"}};
  Statement& find = state_->find_changes;
  find.bind(1, after).bind(2, static_cast<int64_t>(most));
  std::vector<Change> found;
  Statement::Step step = find.step();
  for (; step == Statement::Step::row; step = find.step()) {
    Change change{find.integer(0), {}};
    Row& row = change.row;
    row.key = {std::string(find.text(1)), std::string(find.text(2)), std::string(find.text(3)),
               find.integer(4), static_cast<uint32_t>(find.count(5))};
    row.complete = find.integer(6) != 0;
    read_closed(find.text(7), row.totals);
    read_refused(find.text(8), row.totals);
    read_answers(find.text(9), row.totals);
    read_fields(find, 10, row.totals.fields);
    found.push_back(std::move(change));
  }
  find.reset();
  if (step == Statement::Step::failed) return proto::Unexpected{state_->error()};
  return found;
}

proto::Result<int64_t, Error> Ledger::sink_revision(const std::string& sink) {
  auto find = state_->database.prepare("SELECT revision FROM sink WHERE name=?");
  if (!find) return proto::Unexpected{in_ledger(state_->path, find.error())};
  find->bind(1, sink);
  const Statement::Step step = find->step();
  if (step == Statement::Step::failed) return proto::Unexpected{state_->error()};
  return step == Statement::Step::row ? find->integer(0) : 0;
}

std::optional<Error> Ledger::set_sink_revision(const std::string& sink, int64_t revision) {
  auto put = state_->database.prepare(
      "INSERT INTO sink(name,revision) VALUES(?,?) ON CONFLICT(name) DO UPDATE SET "
      "revision=excluded.revision");
  if (!put) return in_ledger(state_->path, put.error());
  if (!put->bind(1, sink).bind(2, revision).run()) return state_->error();
  return std::nullopt;
}

}  // namespace gateway::usage::ledger
