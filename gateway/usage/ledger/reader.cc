#include <algorithm>
#include <filesystem>
#include <set>
#include <unistd.h>
#include <utility>

#include "gateway/usage/ledger/database.h"
#include "gateway/usage/ledger/ledger.h"
#include "gateway/usage/ledger/schema.h"

namespace gateway::usage::ledger {

namespace {

// So many domains are looked up bucket by bucket; more are picked out of a walk over all rows.
constexpr size_t kLookedUp = 32;

// The enumerator of a name in the ledger; the first one when a later version knows more of them.
template <class Enumeration, class Name>
Enumeration named(std::string_view name, size_t number, const Name& name_of) {
  for (size_t i = 0; i < number; ++i) {
    if (name_of(static_cast<Enumeration>(i)) == name) return static_cast<Enumeration>(i);
  }
  return Enumeration{};
}

Record::Kind kind_named(std::string_view name) {
  return named<Record::Kind>(name, 3, [](Record::Kind kind) { return to_string(kind); });
}

outcome::SessionEnd end_of(const Statement& found, int first) {
  outcome::SessionEnd end;
  end.by = named<outcome::By>(found.text(first), 3,
                              [](outcome::By by) { return outcome::to_string(by); });
  end.stage = named<outcome::Stage>(found.text(first + 1), outcome::kStages,
                                    [](outcome::Stage stage) { return outcome::to_string(stage); });
  end.cause = named<outcome::Cause>(found.text(first + 2), outcome::kCauses,
                                    [](outcome::Cause cause) { return outcome::to_string(cause); });
  end.code = static_cast<proto::ws::CloseCode>(found.integer(first + 3));
  return end;
}

SessionRow session_of(const Statement& found) {
  SessionRow row{std::string(found.text(0)), std::string(found.text(1)), {}};
  Record& record = row.record;
  const auto id = found.bytes(2);
  std::copy_n(id.begin(), std::min(id.size(), record.session.size()), record.session.begin());
  record.sequence = static_cast<uint32_t>(found.count(3));
  record.kind = kind_named(found.text(4));
  record.domain = found.text(5);
  record.client = found.text(6);
  record.origin = found.text(7);
  record.opened_ms = found.integer(8);
  record.time_ms = found.integer(9);
  record.duration_ms = found.count(10);
  record.client_tls = found.integer(11) != 0;
  if (record.kind == Record::Kind::stop) record.end = end_of(found, 12);
  read_fields(found, 16, record.totals.make().fields);
  return row;
}

// A reader, too, needs the files beside a WAL database. They are gone when Weir has ended, and who
// may not write to the folder cannot make them.
std::string reader_trouble(const std::string& path, const Error& error) {
  if (error.kind != Error::Kind::trouble) return error.text;
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (::access(folder.empty() ? "." : folder.c_str(), W_OK) == 0) return error.text;
  return error.text +
         ": while Weir does not run, only a user who may write to its folder can read it";
}

}  // namespace

struct Reader::State {
  State(std::string file, Database opened) : path(std::move(file)), database(std::move(opened)) {}

  std::string prepare();
  std::string walk(const Selection& selection, const std::function<void(const Row&)>& each);
  std::string look_up(const Selection& selection, const std::function<void(const Row&)>& each);
  std::string in_words(const Error& error) const { return path + ": " + error.text; }
  std::string failed() const { return in_words(database.error()); }
  std::string end();

  std::string path;
  Database database;
  Statement all_rows, rows_of, sessions, edges, next_bucket;
};

std::string Reader::State::prepare() {
  const auto usage = selected_row(database);
  if (!usage) return in_words(usage.error());
  const auto session = selected_fields(database, kSessionTable, "session");
  if (!session) return in_words(session.error());
  const std::string rows =
      "SELECT " + *usage +
      " FROM usage_row CROSS JOIN process ON process.id=usage_row.process WHERE ";
  // The order is that of the key: nothing is sorted, and nothing has to be kept.
  const std::pair<Statement*, std::string> wanted[] = {
      {&all_rows, rows + "bucket>=? AND bucket<? ORDER BY bucket,domain"},
      {&rows_of, rows + "bucket=? AND domain=?"},
      {&next_bucket, "SELECT min(bucket) FROM usage_row WHERE bucket>=? AND bucket<?"},
      {&edges, "SELECT (SELECT min(bucket) FROM usage_row),(SELECT max(bucket) FROM usage_row)"},
      {&sessions,
       "SELECT node,boot,session,sequence,kind,domain,client,origin,opened_ms,time_ms,duration_ms,"
       "client_tls,end_by,end_stage,end_cause,end_code," +
           *session +
           " FROM session CROSS JOIN process ON process.id=session.process "
           "WHERE time_ms>=? AND opened_ms<? ORDER BY time_ms"}};
  for (const auto& [statement, sql] : wanted) {
    auto prepared = database.prepare(sql);
    if (!prepared) return in_words(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

proto::Result<std::unique_ptr<Reader>, std::string> Reader::open(const std::string& path) {
  const auto fault = [&path](const std::string& why) {
    return proto::Unexpected{path + ": " + why};
  };
  std::error_code trouble;
  if (!std::filesystem::exists(path, trouble)) {
    return fault(trouble ? "cannot be read: " + trouble.message()
                         : "there is no ledger here: nothing was counted yet, or this is not the "
                           "state_dir");
  }
  auto database = Database::open(path, Database::Access::read);
  if (!database) return fault(reader_trouble(path, database.error()));
  if (auto error = check_version(*database)) return fault(reader_trouble(path, *error));
  const auto version = database->number("PRAGMA user_version");
  if (!version) return fault(reader_trouble(path, version.error()));
  // Its file comes first, its tables a moment later.
  if (version->value_or(0) == 0)
    return fault("the ledger was only just begun: nothing is counted yet");
  auto state = std::make_unique<State>(path, std::move(*database));
  if (std::string error = state->prepare(); !error.empty()) return proto::Unexpected{error};
  return std::unique_ptr<Reader>(new Reader(std::move(state)));
}

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}
Reader::~Reader() = default;

std::string Reader::read(const Selection& selection, const std::function<void(const Row&)>& each) {
  // One state of the ledger for the whole answer, whatever is written meanwhile.
  if (auto error = state_->database.run("BEGIN")) return state_->in_words(*error);
  const bool few = !selection.domains.empty() && selection.domains.size() <= kLookedUp;
  std::string error = few ? state_->look_up(selection, each) : state_->walk(selection, each);
  const std::string end = state_->end();
  return error.empty() ? end : error;
}

std::string Reader::State::end() {
  const auto error = database.run("COMMIT");
  return error ? in_words(*error) : std::string();
}

std::string Reader::State::walk(const Selection& selection,
                                const std::function<void(const Row&)>& each) {
  const std::set<std::string, std::less<>> wanted(selection.domains.begin(),
                                                  selection.domains.end());
  Patience patience(selection.give_up);
  bool enough = false;
  all_rows.bind(1, selection.from).bind(2, selection.to);
  Statement::Step step = all_rows.step();
  for (; step == Statement::Step::row && !enough; step = all_rows.step()) {
    if (wanted.empty() || wanted.contains(all_rows.text(2))) each(read_row(all_rows, 0));
    enough = patience.is_over();
  }
  all_rows.reset();
  if (enough) return kGivenUp;
  return step == Statement::Step::failed ? failed() : std::string();
}

std::string Reader::State::look_up(const Selection& selection,
                                   const std::function<void(const Row&)>& each) {
  const std::set<std::string> domains(selection.domains.begin(), selection.domains.end());
  Patience patience(selection.give_up);
  for (int64_t bucket = selection.from; bucket < selection.to; bucket += kBucketSeconds) {
    // Straight to the next bucket that has rows: a range may be years of nothing.
    const Statement::Step found = next_bucket.bind(1, bucket).bind(2, selection.to).step();
    const bool none = found == Statement::Step::row && next_bucket.is_null(0);
    if (found == Statement::Step::row) bucket = next_bucket.integer(0);
    next_bucket.reset();
    if (found == Statement::Step::failed) return failed();
    if (none) return {};
    for (const std::string& domain : domains) {
      if (patience.is_over()) return kGivenUp;
      rows_of.bind(1, bucket).bind(2, domain);
      Statement::Step step = rows_of.step();
      for (; step == Statement::Step::row; step = rows_of.step()) each(read_row(rows_of, 0));
      rows_of.reset();
      if (step == Statement::Step::failed) return failed();
    }
  }
  return {};
}

std::string Reader::read_sessions(const Selection& selection,
                                  const std::function<void(const SessionRow&)>& each) {
  const std::set<std::string, std::less<>> wanted(selection.domains.begin(),
                                                  selection.domains.end());
  Statement& find = state_->sessions;
  find.bind(1, selection.from * 1000).bind(2, selection.to * 1000);
  Statement::Step step = find.step();
  for (; step == Statement::Step::row; step = find.step()) {
    if (wanted.empty() || wanted.contains(find.text(5))) each(session_of(find));
  }
  find.reset();
  return step == Statement::Step::failed ? state_->failed() : std::string();
}

std::optional<Reader::Extent> Reader::extent() {
  Statement& find = state_->edges;
  std::optional<Extent> extent;
  if (find.step() == Statement::Step::row && !find.is_null(0))
    extent = Extent{find.integer(0), find.integer(1)};
  find.reset();
  return extent;
}

}  // namespace gateway::usage::ledger
