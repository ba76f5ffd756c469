#include "gateway/postgres/connection.h"

#include <algorithm>
#include <libpq-fe.h>
#include <poll.h>
#include <string_view>

namespace gateway::postgres {

namespace {

using std::chrono::milliseconds;
using Kind = Error::Kind;
using Time = Waker::Time;
using Options = std::vector<std::pair<std::string, std::string>>;

Error slow(const std::string& what) { return {.kind = Kind::slow, .state = {}, .text = what}; }

std::string advice_on(std::string_view state) {
  if (state == "28P01" || state == "28000") {
    return "check user and password of the connection string, and pg_hba.conf of the server";
  }
  if (state == "3D000") return "create it with CREATE DATABASE, or correct the connection string";
  if (state == "42501") {
    return "the role needs SELECT, INSERT and UPDATE on the table weir_usage; "
           "gateway/postgres/POSTGRES.md has the statements";
  }
  if (state == "25006") return "this server or this role is read-only; Weir needs the primary";
  if (state == "53300") return "the server's max_connections or the role's limit is reached";
  if (state == "42P10" || state == "42703" || state == "42804" || state == "42809") {
    return "the table weir_usage is not as Weir makes it; gateway/postgres/POSTGRES.md has its "
           "definition";
  }
  return {};
}

// libpq's own messages go on about what may have happened in further, indented lines.
std::string first_line(const std::string& text) {
  return text.empty() ? "the connection is lost" : text.substr(0, text.find('\n'));
}

// Of "... failed: FATAL:  28P01: password authentication failed for user "weir"", then a LOCATION:
// the only form in which a message has its SQLSTATE while a connection is made.
struct Stated {
  std::string_view before;  // "... failed: FATAL"
  std::string_view state;
  std::string_view text;
};

bool is_state(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return std::ranges::all_of(text, fits) && std::ranges::any_of(text, digit);
}

std::optional<Stated> find_state(std::string_view message) {
  constexpr std::string_view kSpaces = " \t\r\n\f\v";
  constexpr size_t kState = 5;
  for (size_t at = message.find(':'); at != std::string_view::npos;
       at = message.find(':', at + 1)) {
    const size_t state = message.find_first_not_of(kSpaces, at + 1);
    if (state == std::string_view::npos) return std::nullopt;
    const size_t end = state + kState;
    const bool framed = state > at + 1 && end + 1 < message.size() && message[end] == ':' &&
                        kSpaces.find(message[end + 1]) != std::string_view::npos;
    if (!framed || !is_state(message.substr(state, kState))) continue;
    const std::string_view rest = message.substr(end + 1);
    const std::string_view text =
        rest.substr(std::min(rest.find_first_not_of(kSpaces), rest.size()));
    return Stated{message.substr(0, at), message.substr(state, kState),
                  text.substr(0, text.find('\n'))};
  }
  return std::nullopt;
}

Error error_of_connecting(const std::string& message) {
  const auto stated = find_state(message);
  if (!stated) return {.kind = Kind::away, .state = {}, .text = first_line(message)};
  const std::string state(stated->state);
  return {.kind = Kind::refused,
          .state = state,
          .text = first_line(std::string(stated->before)) + ": " + std::string(stated->text),
          .advice = advice_on(state)};
}

void ignore_notice(void* /*nothing*/, const PGresult* /*notice*/) {}

// The operator's options go first: libpq takes the last of a name, so these are only put in where
// there is none.
void add_unless_given(Options& options, const char* name, const std::string& value) {
  const bool given = std::any_of(options.begin(), options.end(),
                                 [name](const auto& option) { return option.first == name; });
  if (!given) options.emplace_back(name, value);
}

Options options_for(const Target& target, const Target::Place& place, milliseconds timeout) {
  Options options = target.options;
  if (!place.host.empty()) options.emplace_back("host", place.host);
  if (!place.address.empty()) options.emplace_back("hostaddr", place.address);
  if (!place.port.empty()) options.emplace_back("port", place.port);
  add_unless_given(options, "fallback_application_name", "weir");
  add_unless_given(options, "client_encoding", "UTF8");
  add_unless_given(options, "keepalives_idle", "30");
  add_unless_given(options, "keepalives_interval", "10");
  add_unless_given(options, "keepalives_count", "3");
  add_unless_given(options, "tcp_user_timeout", std::to_string(timeout.count()));
  // Kerberos would be asked for tickets first, which may block.
  add_unless_given(options, "gssencmode", "disable");
  return options;
}

PGconn* begin(const Options& options) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : options) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  return PQconnectStartParams(names.data(), values.data(), 0);
}

}  // namespace

void Connection::ClearResult::operator()(pg_result* result) const { PQclear(result); }

Connection::Connection(pg_conn* connection, const Target& target, Waker& waker)
    : connection_(connection), target_(target), waker_(waker) {}

Connection::~Connection() { PQfinish(connection_); }

proto::Result<std::unique_ptr<Connection>, Error> Connection::open(const Target& target,
                                                                   milliseconds timeout,
                                                                   Waker& waker) {
  const Time begun = std::chrono::steady_clock::now();
  const Time until = begun + timeout;
  const auto places = look_up(target, waker, until);
  if (!places) return proto::Unexpected{places.error()};
  Error last;
  size_t left = places->size();
  for (const Target::Place& place : *places) {
    // A place that does not answer leaves its share of the time to the others.
    const Time now = std::chrono::steady_clock::now();
    const Time share = now + (until - now) / static_cast<int>(left--);
    std::unique_ptr<Connection> connection(
        new Connection(begin(options_for(target, place, timeout)), target, waker));
    const std::optional<Error> error = connection->connect(share);
    if (!error) return connection;
    last = *error;
  }
  return proto::Unexpected{std::move(last)};
}

std::optional<Error> Connection::connect(Time until) {
  if (PQstatus(connection_) == CONNECTION_BAD)
    return error_of_connecting(target_.redact(PQerrorMessage(connection_)));
  PQsetNoticeReceiver(connection_, ignore_notice, nullptr);
  PQsetErrorVerbosity(connection_, PQERRORS_VERBOSE);
  PostgresPollingStatusType step = PGRES_POLLING_WRITING;
  while (step != PGRES_POLLING_OK) {
    const short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    switch (waker_.wait(PQsocket(connection_), events, until)) {
      case Waker::Outcome::late:
        return slow("no connection in time to " + description());
      case Waker::Outcome::woken:
        continue;
      case Waker::Outcome::ready:
        step = PQconnectPoll(connection_);
    }
    if (step == PGRES_POLLING_FAILED) {
      return error_of_connecting(target_.redact(PQerrorMessage(connection_)));
    }
  }
  PQsetErrorVerbosity(connection_, PQERRORS_DEFAULT);
  if (PQsetnonblocking(connection_, 1) != 0) return lost();
  return std::nullopt;
}

proto::Result<Connection::Answer, Error> Connection::next(Time until) {
  while (PQisBusy(connection_) != 0) {
    const int unsent = PQflush(connection_);
    if (unsent < 0) return proto::Unexpected{lost()};
    const short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
    const auto outcome = waker_.wait(PQsocket(connection_), events, until);
    if (outcome == Waker::Outcome::late) {
      return proto::Unexpected{slow("no answer in time from " + description())};
    }
    if (PQconsumeInput(connection_) == 0) return proto::Unexpected{lost()};
  }
  Answer answer(PQgetResult(connection_));
  if (answer == nullptr && PQstatus(connection_) == CONNECTION_BAD) {
    return proto::Unexpected{lost()};
  }
  return answer;
}

proto::Result<Connection::Cells, Error> Connection::query(const std::string& statements,
                                                          Time until) {
  if (PQsendQuery(connection_, statements.c_str()) == 0) return proto::Unexpected{lost()};
  Cells cells;
  std::optional<Error> error;
  while (true) {
    const auto answer = next(until);
    if (!answer) return proto::Unexpected{answer.error()};
    const PGresult* result = answer->get();
    if (result == nullptr) break;
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && !error) error = refused(result);
    cells.clear();
    for (int row = 0; row < PQntuples(result); ++row) {
      std::vector<std::string>& line = cells.emplace_back();
      for (int i = 0; i < PQnfields(result); ++i) line.emplace_back(PQgetvalue(result, row, i));
    }
  }
  if (error) return proto::Unexpected{std::move(*error)};
  return cells;
}

Error Connection::refused(const pg_result* answer) const {
  const char* state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
  // An answer of libpq's own has no SQLSTATE: the connection broke.
  if (state == nullptr || message == nullptr) {
    return {.kind = Kind::away,
            .state = {},
            .text = first_line(target_.redact(PQresultErrorMessage(answer)))};
  }
  return {.kind = Kind::refused,
          .state = state,
          .text = target_.redact(message),
          .advice = advice_on(state)};
}

Error Connection::lost() const {
  return {.kind = Kind::away,
          .state = {},
          .text = first_line(target_.redact(PQerrorMessage(connection_)))};
}

int Connection::socket() const { return PQsocket(connection_); }

std::optional<Error> Connection::hear() {
  const bool read = PQconsumeInput(connection_) != 0;
  if (!read || PQstatus(connection_) == CONNECTION_BAD) return lost();
  return std::nullopt;
}

std::string Connection::description() const {
  const auto text = [](const char* value) { return std::string(value != nullptr ? value : ""); };
  return target_.redact(text(PQhost(connection_)) + ':' + text(PQport(connection_)) + '/' +
                        text(PQdb(connection_)) + " as " + text(PQuser(connection_)));
}

}  // namespace gateway::postgres
