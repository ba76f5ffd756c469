#include "gateway/usage/ledger/ledger.h"

#include <sys/stat.h>
#include <utility>

#include "gateway/usage/ledger/database.h"
#include "gateway/usage/ledger/insertion.h"
#include "gateway/usage/ledger/schema.h"

namespace gateway::usage::ledger {

namespace {

std::optional<Error> set_up(Database& database) {
  // A page that does not fit together is found when it is read, not when it is used.
  const char* const pragmas[] = {"PRAGMA cell_size_check=ON",
                                 "PRAGMA trusted_schema=OFF",
                                 "PRAGMA temp_store=MEMORY",
                                 "PRAGMA synchronous=FULL",
                                 "PRAGMA wal_autocheckpoint=1000",       // pages, 4 MiB
                                 "PRAGMA cache_size=-512",               // KiB
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
  State(std::string file, Database opened)
      : path(std::move(file)), database(std::move(opened)), insertion(database) {}

  std::optional<Error> prepare();
  Error error() const { return in_ledger(path, database.error()); }
  // Ends the transaction that failed.
  Error undo(Error cause);

  std::string path;
  std::pair<dev_t, ino_t> identity;
  Database database;
  Insertion insertion;
  Statement find_changes;
};

std::optional<Error> Ledger::State::prepare() {
  database.add_larger_counts();
  auto selected = selected_row(database);
  if (!selected) return selected.error();
  const std::string changes = "SELECT revision," + *selected +
                              " FROM usage_row JOIN process ON process.id=usage_row.process "
                              "WHERE revision>? ORDER BY revision LIMIT ?";
  auto prepared = database.prepare(changes);
  if (!prepared) return prepared.error();
  find_changes = std::move(*prepared);
  return insertion.prepare();
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
  insertion.rolled_back();
  return cause;
}

std::optional<Error> Ledger::write(const Batch& batch) {
  // What is written to a file without a name is gone when it is closed.
  if (identity_of(state_->path) != state_->identity)
    return Error{Error::Kind::trouble,
                 state_->path + ": it was removed, or another file stands in its place"};
  if (auto error = state_->database.run("BEGIN IMMEDIATE")) return in_ledger(state_->path, *error);
  if (auto error = state_->insertion.put(batch))
    return state_->undo(in_ledger(state_->path, *error));
  if (auto error = state_->database.run("COMMIT"))
    return state_->undo(in_ledger(state_->path, *error));
  // The next batch needs a few of the pages that the records of thousands of sessions have touched.
  state_->database.release_pages();
  return std::nullopt;
}

size_t Ledger::rows_changed() const { return state_->insertion.rows_changed(); }

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
    found.push_back({find.integer(0), read_row(find, 1)});
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
