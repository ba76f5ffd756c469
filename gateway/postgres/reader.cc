#include <array>
#include <libpq-fe.h>

#include "gateway/postgres/connection.h"
#include "gateway/postgres/schema.h"
#include "gateway/postgres/sink.h"
#include "gateway/postgres/table.h"

namespace gateway::postgres {

namespace {

using std::chrono::milliseconds;

// Rows come one by one, so a range of any length takes the memory of one row.
class PostgresRows final : public usage::Rows {
 public:
  PostgresRows(Target target, milliseconds timeout)
      : target_(std::move(target)), timeout_(timeout) {}

  [[nodiscard]] std::string connect();
  [[nodiscard]] std::string read(const usage::Selection& selection,
                                 const std::function<void(const usage::Row&)>& each) override;

 private:
  // `timeout` is for each step: how long the server may be silent.
  Waker::Time in_time() const { return std::chrono::steady_clock::now() + timeout_; }
  bool send(const usage::Selection& selection);
  std::string receive(const std::function<void(const usage::Row&)>& each);
  std::string take(const pg_result* result,
                   const std::function<void(const usage::Row&)>& each) const;
  std::string failed(const Error& error);

  const Target target_;
  const milliseconds timeout_;
  Waker waker_;
  std::unique_ptr<Connection> connection_;
  std::set<std::string> present_;
  std::vector<std::string> columns_;
};

std::string PostgresRows::failed(const Error& error) {
  connection_.reset();
  return "PostgreSQL: " + error.words();
}

std::string PostgresRows::connect() {
  auto opened = Connection::open(target_, timeout_, waker_);
  if (!opened) return failed(opened.error());
  connection_ = std::move(*opened);
  auto present = present_columns(*connection_, in_time());
  if (!present) return failed(present.error());
  if (present->empty()) {
    return "PostgreSQL: there is no table weir_usage in " + connection_->description() +
           "; the first node with usage.postgres makes it, or gateway/postgres/POSTGRES.md";
  }
  present_ = std::move(*present);
  columns_ = answer_columns(present_);
  return {};
}

bool PostgresRows::send(const usage::Selection& selection) {
  const std::string domains = array_text(selection.domains);
  const std::string from = std::to_string(selection.from);
  const std::string to = std::to_string(selection.to);
  const std::array<const char*, 3> values{selection.domains.empty() ? nullptr : domains.c_str(),
                                          from.c_str(), to.c_str()};
  return PQsendQueryParams(connection_->handle(), select_statement(present_).c_str(), values.size(),
                           nullptr, values.data(), nullptr, nullptr, 0) == 1 &&
         PQsetSingleRowMode(connection_->handle()) == 1;
}

std::string PostgresRows::read(const usage::Selection& selection,
                               const std::function<void(const usage::Row&)>& each) {
  if (connection_ == nullptr) {
    if (std::string why = connect(); !why.empty()) return why;
  }
  if (!send(selection)) return failed(connection_->lost());
  std::string why = receive(each);
  // An answer that was not read to its end cannot be followed by another question.
  if (!why.empty()) connection_.reset();
  return why;
}

std::string PostgresRows::receive(const std::function<void(const usage::Row&)>& each) {
  while (true) {
    const auto answer = connection_->next(in_time());
    if (!answer) return failed(answer.error());
    const PGresult* result = answer->get();
    if (result == nullptr) return {};
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
      return failed(connection_->refused(result));
    }
    if (std::string why = take(result, each); !why.empty()) return why;
  }
}

std::string PostgresRows::take(const pg_result* result,
                               const std::function<void(const usage::Row&)>& each) const {
  for (int line = 0; line < PQntuples(result); ++line) {
    usage::Row row;
    for (int i = 0; i < PQnfields(result); ++i) {
      const std::string& column = columns_.at(static_cast<size_t>(i));
      const char* value = PQgetvalue(result, line, i);
      const std::string_view cell(value, static_cast<size_t>(PQgetlength(result, line, i)));
      if (read_cell(column, cell, row)) continue;
      return "PostgreSQL: a row of " + row.key.domain + " has a " + column + " that is no count";
    }
    each(row);
  }
  return {};
}

}  // namespace

proto::Result<std::unique_ptr<usage::Rows>, std::string> open_rows(const std::string& url,
                                                                   milliseconds timeout) {
  auto target = parse_target(url);
  if (!target) return proto::Unexpected{"PostgreSQL: " + target.error().words()};
  auto rows = std::make_unique<PostgresRows>(std::move(*target), timeout);
  std::string why = rows->connect();
  if (!why.empty()) return proto::Unexpected{std::move(why)};
  return std::unique_ptr<usage::Rows>(std::move(rows));
}

}  // namespace gateway::postgres
