#include "gateway/usage/ledger/database.h"

#include <algorithm>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>

#include <nlohmann/json.hpp>
#include <sqlite3.h>

namespace gateway::usage::ledger {

namespace {

sqlite3* database_of(void* handle) { return static_cast<sqlite3*>(handle); }
sqlite3_stmt* statement_of(void* handle) { return static_cast<sqlite3_stmt*>(handle); }

// A reader holds nothing up in WAL mode; only another writer or a recovery does, and not for long.
constexpr int kBusyMilliseconds = 5000;

Error::Kind kind_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error::Kind::damaged;
    // A missing table, a trigger that somebody made, a transaction that is open already: from here
    // they all look the same.
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return Error::Kind::doubtful;
    default:
      return code == SQLITE_IOERR_SHORT_READ ? Error::Kind::damaged : Error::Kind::trouble;
  }
}

Error error_of(sqlite3* database, int code) {
  Error error{kind_of(code), database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code)};
  const int system = database != nullptr ? sqlite3_system_errno(database) : 0;
  // SQLite keeps the system's last error for ever: it belongs to these alone.
  const int family = code & 0xFF;
  const bool systems = family == SQLITE_IOERR || family == SQLITE_CANTOPEN || family == SQLITE_FULL;
  if (system != 0 && systems) error.text += ": " + std::generic_category().message(system);
  return error;
}

// Addresses of clients are in it: not for every user of the machine, whatever the umask says. The
// side files take its mode over. Made by name, because closing a descriptor of a ledger would take
// the locks of all of SQLite's along. What is in the way is told by whoever opens it.
void make_private(const std::string& path) {
  [[maybe_unused]] const int made = ::mknod(path.c_str(), S_IFREG | 0640, 0);
}

// SQLite's own sums of its memory, which nobody asks for, would take a lock for each allocation.
void leave_memory_uncounted() {
  [[maybe_unused]] static const int kDone = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

// The way to the folder may have links, which SQLite would refuse as well; the file itself may not.
std::string in_real_folder(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path folder = fs::canonical(fs::path(path).parent_path(), error);
  return error ? path : (folder / fs::path(path).filename()).string();
}

nlohmann::json object_of(std::string_view text) {
  nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
  return value.is_object() ? value : nlohmann::json::object();
}

std::string_view argument(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_value_bytes(value))};
}

void call_larger_counts(sqlite3_context* context, int, sqlite3_value** values) noexcept {
  const std::string_view one = argument(values[0]);
  const std::string_view other = argument(values[1]);
  const std::string larger = one == other ? std::string(one) : larger_counts(one, other);
  sqlite3_result_text(context, larger.data(), static_cast<int>(larger.size()), SQLITE_TRANSIENT);
}

}  // namespace

std::string larger_counts(std::string_view one, std::string_view other) {
  nlohmann::json sum = object_of(one);
  const nlohmann::json counts = object_of(other);
  for (const auto& [name, count] : counts.items()) {
    if (!count.is_number_unsigned()) continue;
    const auto there = sum.find(name);
    const bool known = there != sum.end() && there->is_number_unsigned();
    if (!known || there->get<uint64_t>() < count.get<uint64_t>()) sum[name] = count;
  }
  return sum.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Statement::Finalize::operator()(void* statement) const noexcept {
  sqlite3_finalize(statement_of(statement));
}

Statement& Statement::bind(int place, int64_t number) {
  sqlite3_bind_int64(statement_of(handle_.get()), place, number);
  return *this;
}

Statement& Statement::bind(int place, std::string_view text) {
  // An empty view may have no address, which SQLite would take for NULL.
  const char* data = text.empty() ? "" : text.data();
  sqlite3_bind_text64(statement_of(handle_.get()), place, data, text.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_bytes(int place, std::span<const uint8_t> bytes) {
  sqlite3_bind_blob64(statement_of(handle_.get()), place, bytes.data(), bytes.size(),
                      SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_null(int place) {
  sqlite3_bind_null(statement_of(handle_.get()), place);
  return *this;
}

Statement::Step Statement::step() {
  const int code = sqlite3_step(statement_of(handle_.get()));
  if (code == SQLITE_ROW) return Step::row;
  return code == SQLITE_DONE ? Step::done : Step::failed;
}

bool Statement::run() {
  const Step last = step();
  reset();
  return last != Step::failed;
}

void Statement::reset() { sqlite3_reset(statement_of(handle_.get())); }

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_of(handle_.get()), column);
}

uint64_t Statement::count(int column) const {
  return static_cast<uint64_t>(std::max<int64_t>(integer(column), 0));
}

std::string_view Statement::text(int column) const {
  auto* statement = statement_of(handle_.get());
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(statement, column))};
}

std::span<const uint8_t> Statement::bytes(int column) const {
  auto* statement = statement_of(handle_.get());
  const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(statement, column));
  if (data == nullptr) return {};
  return {data, static_cast<size_t>(sqlite3_column_bytes(statement, column))};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_of(handle_.get()), column) == SQLITE_NULL;
}

void Database::Close::operator()(void* database) const noexcept {
  sqlite3_close_v2(database_of(database));
}

proto::Result<Database, Error> Database::open(const std::string& path, Access access) {
  const bool writes = access == Access::write;
  const int mode = writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW
                          : SQLITE_OPEN_READONLY;
  if (writes) make_private(path);
  leave_memory_uncounted();
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(writes ? in_real_folder(path).c_str() : path.c_str(), &raw,
                                   mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Database database(raw);  // also after an error there may be one to close
  if (code != SQLITE_OK) return proto::Unexpected{error_of(raw, code)};
  sqlite3_busy_timeout(raw, kBusyMilliseconds);
  return database;
}

std::optional<Error> Database::run(const std::string& sql) {
  const int code = sqlite3_exec(database_of(handle_.get()), sql.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return std::nullopt;
  return error_of(database_of(handle_.get()), code);
}

proto::Result<Statement, Error> Database::prepare(const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  const int code =
      sqlite3_prepare_v3(database_of(handle_.get()), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return proto::Unexpected{error_of(database_of(handle_.get()), code)};
  return Statement(raw);
}

proto::Result<std::optional<int64_t>, Error> Database::number(const std::string& sql) {
  auto statement = prepare(sql);
  if (!statement) return proto::Unexpected{statement.error()};
  const Statement::Step step = statement->step();
  if (step == Statement::Step::failed) return proto::Unexpected{error()};
  if (step == Statement::Step::done || statement->is_null(0)) return std::optional<int64_t>();
  return std::optional<int64_t>(statement->integer(0));
}

proto::Result<std::string, Error> Database::text(const std::string& sql) {
  auto statement = prepare(sql);
  if (!statement) return proto::Unexpected{statement.error()};
  const Statement::Step step = statement->step();
  if (step == Statement::Step::failed) return proto::Unexpected{error()};
  return step == Statement::Step::row ? std::string(statement->text(0)) : std::string();
}

Error Database::error() const {
  auto* database = database_of(handle_.get());
  return error_of(database, sqlite3_extended_errcode(database));
}

int Database::changes() const { return sqlite3_changes(database_of(handle_.get())); }

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(database_of(handle_.get())) == 0;
}

void Database::release_pages() { sqlite3_db_release_memory(database_of(handle_.get())); }

void Database::add_larger_counts() {
  sqlite3_create_function_v2(database_of(handle_.get()), "larger_counts", 2,
                             SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, call_larger_counts,
                             nullptr, nullptr, nullptr);
}

}  // namespace gateway::usage::ledger
