#include "gateway/postgres/table.h"

#include <array>
#include <libpq-fe.h>
#include <string_view>

#include "gateway/postgres/schema.h"
#include "gateway/postgres/sink.h"

namespace gateway::postgres {

namespace {

constexpr const char* kInsert = "weir_usage_insert";

// Two nodes that start together must not both create: IF NOT EXISTS alone lets one of them fail.
constexpr std::string_view kLock = "SELECT pg_advisory_xact_lock(1466263922);\n";

// The server gives up what this side has given up already, so that no lock of a lost connection
// stays behind. An acknowledgement has to mean that the rows are on the server's disk.
std::string session_settings(std::chrono::milliseconds timeout) {
  const std::string limit = std::to_string(timeout.count());
  return "SELECT set_config('statement_timeout', '" + limit +
         "', false), set_config('idle_in_transaction_session_timeout', '" + limit +
         "', false), set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
         "WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)";
}

}  // namespace

proto::Result<std::set<std::string>, Error> present_columns(Connection& connection,
                                                            Waker::Time until) {
  const auto cells =
      connection.query("SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('" +
                           std::string(kTable) + "') AND attnum > 0 AND NOT attisdropped",
                       until);
  if (!cells) return proto::Unexpected{cells.error()};
  std::set<std::string> names;
  for (const auto& line : *cells) names.insert(line.at(0));
  return names;
}

std::optional<Error> Table::prepare(Time until, std::chrono::milliseconds timeout) {
  const auto set = connection_.query(session_settings(timeout), until);
  if (!set) return set.error();
  if (auto error = make(until)) return error;
  if (auto error = identify(until)) return error;
  return prepare_insert(until);
}

std::optional<Error> Table::make(Time until) {
  const auto present = present_columns(connection_, until);
  if (!present) return present.error();
  // A role that may only write rows gets along when the table is there.
  const std::string statement = present->empty() ? ddl() : additions(*present);
  if (statement.empty()) return std::nullopt;
  const auto made =
      connection_.query("BEGIN;\n" + std::string(kLock) + statement + ";\nCOMMIT;", until);
  if (made) return std::nullopt;
  Error error = made.error();
  if (error.kind != Error::Kind::refused) return error;
  if (auto worse = roll_back(until)) return worse;
  error.text = (present->empty() ? "the table weir_usage is not there and cannot be made: "
                                 : "the table weir_usage lacks columns of this version of Weir: ") +
               error.text;
  if (error.state != "42501") return error;
  error.advice = present->empty() ? "give the role CREATE on the schema, or make the table as "
                                    "gateway/postgres/POSTGRES.md shows"
                                  : "its owner has to run: " + statement;
  return error;
}

std::optional<Error> Table::identify(Time until) {
  const auto table = connection_.query(
      "SELECT c.oid, d.oid, has_table_privilege(c.oid, 'INSERT') AND "
      "has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'SELECT'), "
      "pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean "
      "FROM pg_class c, pg_database d WHERE c.oid = to_regclass('" +
          std::string(kTable) + "') AND d.datname = current_database()",
      until);
  if (!table) return table.error();
  if (table->size() != 1) return Error{Error::Kind::refused, "42P01", "the table is gone again"};
  const auto& cells = table->front();
  if (cells.at(3) != "f") {
    return Error{Error::Kind::refused, "25006", "this server or this role is read-only",
                 "Weir needs the primary, and a role that may write"};
  }
  if (cells.at(2) != "t") {
    return Error{Error::Kind::refused, "42501", "permission denied for the table weir_usage",
                 "the role needs SELECT, INSERT and UPDATE; gateway/postgres/POSTGRES.md has the "
                 "statements"};
  }
  identity_ = "postgres:" + cells.at(1) + '/' + cells.at(0);
  // A time line begins with every promotion of a standby and every restore to a point in time:
  // rows that were acknowledged may be gone by it.
  const auto server = connection_.query(
      "SELECT system_identifier, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) "
      "FROM pg_control_system()",
      until);
  if (server && server->size() == 1) {
    identity_ += '@' + server->front().at(0) + '.' + server->front().at(1);
    return std::nullopt;
  }
  // Some hosted servers keep these functions to themselves.
  if (server || server.error().kind == Error::Kind::refused) return std::nullopt;
  return server.error();
}

std::optional<Error> Table::prepare_insert(Time until) {
  if (PQsendPrepare(connection_.handle(), kInsert, insert_statement().c_str(), 0, nullptr) == 0) {
    return connection_.lost();
  }
  std::optional<Error> error;
  while (true) {
    const auto answer = connection_.next(until);
    if (!answer) return answer.error();
    if (*answer == nullptr) return error;
    if (PQresultStatus(answer->get()) != PGRES_COMMAND_OK && !error) {
      error = connection_.refused(answer->get());
    }
  }
}

std::optional<Error> Table::roll_back(Time until) {
  const auto done = connection_.query("ROLLBACK", until);
  if (!done) return done.error();
  return std::nullopt;
}

bool Table::about_a_row(const Error& error) {
  return error.kind == Error::Kind::refused &&
         (error.state.starts_with("22") || error.state.starts_with("23"));
}

bool Table::begin_pipeline() { return PQenterPipelineMode(connection_.handle()) == 1; }

bool Table::send(const std::string& statement) {
  return PQsendQueryParams(connection_.handle(), statement.c_str(), 0, nullptr, nullptr, nullptr,
                           nullptr, 0) == 1;
}

bool Table::send(const usage::ledger::Ledger::Change& change) {
  const std::vector<std::string> texts = parameters(change.row, change.revision);
  std::vector<const char*> values;
  for (const std::string& text : texts) values.push_back(text.c_str());
  return PQsendQueryPrepared(connection_.handle(), kInsert, static_cast<int>(values.size()),
                             values.data(), nullptr, nullptr, 0) == 1;
}

// Up to the next synchronisation point; the first error of what came before it.
std::optional<Error> Table::collect(Time until, bool& committed) {
  std::optional<Error> error;
  while (true) {
    const auto answer = connection_.next(until);
    if (!answer) return answer.error();
    const PGresult* result = answer->get();
    if (result == nullptr) continue;
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) return error;
    if (status == PGRES_FATAL_ERROR && !error) error = connection_.refused(result);
    // What stands in the way of a broken connection's end is no answer of the server.
    if (error && error->kind == Error::Kind::away) return error;
    if (std::string_view(PQcmdStatus(answer->get())) == "COMMIT") committed = true;
  }
}

std::optional<Error> Table::deliver(std::span<const usage::ledger::Ledger::Change> changes,
                                    Time until) {
  bool sent = begin_pipeline() && send("BEGIN");
  for (const usage::ledger::Ledger::Change& change : changes) sent = sent && send(change);
  sent = sent && send("COMMIT") && PQpipelineSync(connection_.handle()) == 1;
  if (!sent) return connection_.lost();

  bool committed = false;
  std::optional<Error> error = collect(until, committed);
  if (error && error->kind != Error::Kind::refused) return error;
  if (PQexitPipelineMode(connection_.handle()) != 1) return connection_.lost();
  if (!error && committed) return std::nullopt;
  if (auto worse = roll_back(until)) return worse;
  return error ? error : Error{Error::Kind::away, {}, "the server did not commit"};
}

std::optional<Error> Table::deliver_singly(std::span<const usage::ledger::Ledger::Change> changes,
                                           Time until, std::vector<Refusal>& no) {
  // Between two synchronisation points a statement is a transaction, and its error ends with it.
  bool sent = begin_pipeline();
  for (const usage::ledger::Ledger::Change& change : changes) {
    sent = sent && send(change) && PQpipelineSync(connection_.handle()) == 1;
  }
  if (!sent) return connection_.lost();
  std::optional<Error> other;
  for (size_t i = 0; i < changes.size(); ++i) {
    bool committed = false;
    const std::optional<Error> error = collect(until, committed);
    if (!error) continue;
    if (error->kind != Error::Kind::refused) return error;
    if (about_a_row(*error)) {
      no.push_back({i, *error});
    } else if (!other) {
      other = error;
    }
  }
  if (PQexitPipelineMode(connection_.handle()) != 1) return connection_.lost();
  return other;
}

}  // namespace gateway::postgres
