#include "gateway/usage/answers/verify.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <numeric>
#include <thread>
#include <tuple>

#include "gateway/usage/meter/sums.h"

namespace gateway::usage::answers {

namespace {

constexpr int kAttempts = 3;

// What both session records and rows have. TLS records and handshakes may also be of connections
// that became no session, so they are bounded and never equal; the kernel's count of packets and
// connection-seconds are taken at different moments, so they are not compared.
constexpr std::array kExact{Field::client_undelivered_out, Field::client_bytes_in,
                            Field::client_bytes_out,       Field::origin_bytes_in,
                            Field::origin_bytes_out,       Field::client_payload_in,
                            Field::client_payload_out,     Field::origin_payload_in,
                            Field::origin_payload_out,     Field::text_messages_in,
                            Field::text_messages_out,      Field::binary_messages_in,
                            Field::binary_messages_out,    Field::data_frames_in,
                            Field::data_frames_out,        Field::close_frames_in,
                            Field::close_frames_out,       Field::ping_frames_in,
                            Field::ping_frames_out,        Field::pong_frames_in,
                            Field::pong_frames_out,        Field::units_2k_in,
                            Field::units_2k_out,           Field::units_32k_in,
                            Field::units_32k_out};
constexpr std::array kBounded{Field::client_wire_in,      Field::client_wire_out,
                              Field::origin_wire_in,      Field::origin_wire_out,
                              Field::client_handshake_in, Field::client_handshake_out,
                              Field::origin_handshake_in, Field::origin_handshake_out};

// One process and domain.
struct Account {
  Totals rows;  // the ledger's, or the meters' where these are ahead
  Totals records;
  uint64_t sessions = 0;
  uint64_t without_stop = 0;
  int64_t earliest = std::numeric_limits<int64_t>::max();

  void begins(int64_t unix_seconds) { earliest = std::min(earliest, unix_seconds); }
  uint64_t opened() const { return usage::sessions(rows); }
};
struct AccountKey {
  std::string node;
  std::string boot;
  std::string domain;
  auto operator<=>(const AccountKey&) const = default;
};

AccountKey account_of(const RowKey& key) { return {key.node, key.boot, key.domain}; }

class Comparison {
 public:
  explicit Comparison(int64_t kept_since) : kept_since_(kept_since) {}

  // Empty, or what could not be read.
  std::string read(Evidence& evidence) {
    auto before = evidence.meters();
    if (!before) return before.error();
    meter::Sums wanted;
    for (const meter::Remains& file : *before) static_cast<void>(wanted.add(file));
    wanted_ = wanted.sums();
    std::string trouble =
        evidence.sessions([this](const ledger::SessionRow& row) { add_session(row); });
    if (trouble.empty()) trouble = evidence.rows([this](const Row& row) { add_row(row); });
    if (!trouble.empty()) return trouble;
    auto after = evidence.meters();
    if (!after) return after.error();
    result_.meter_files = after->size();
    meter::Sums meters;
    std::map<meter::Identity, std::string> first_files;
    for (const meter::Remains& file : *after) {
      boots_with_meters_[file.of.boot] = true;
      if (!file.damage.empty()) tell(file, "a meter file is damaged: " + file.damage);
      if (file.of.boot.empty()) continue;  // its head could not be read
      const auto first = first_files.emplace(file.of, file.path).first;
      if (!meters.add(file)) tell(file, second_file(first->second, file));
    }
    meters_ = meters.sums();
    return {};
  }

  Verification finish() {
    for (const auto& [key, row] : rows_) compare_slot(key, row);
    add_what_is_live();
    for (const auto& [key, account] : accounts_) compare_account(key, account);
    note(not_yet_,
         " meter slots are ahead of the ledger: a running Weir brings them in with its "
         "next flush, those of a killed one come in with the next start");
    note(without_stop_,
         " sessions have no stop record: they are open, or their process was "
         "killed; their records end with the last interim");
    note(fewer_,
         " domains of a boot have fewer session records than sessions: records are "
         "switched off, were dropped, were not yet written when the process was killed, or "
         "are older than usage.keep");
    note(pruned_,
         " domains of a boot began before what usage.keep keeps, and are not compared "
         "with their records");
    return std::move(result_);
  }

 private:
  void add_session(const ledger::SessionRow& row) {
    ++result_.sessions;
    Account& account = accounts_[{row.node, row.boot, row.record.domain}];
    account.records += row.record.totals.get();
    account.begins(row.record.opened_ms / 1000);
    ++account.sessions;
    account.without_stop += row.record.kind == Record::Kind::stop ? 0 : 1;
  }

  void add_row(const Row& row) {
    ++result_.rows;
    accounts_[account_of(row.key)].begins(row.key.bucket);
    if (row.complete) compare_requests(row);
    if (wanted_.contains(row.key)) {
      rows_[row.key] = row;
    } else {
      accounts_[account_of(row.key)].rows += row.totals;
    }
  }

  // A request is counted first, so that one may be without its answer where a process was killed.
  void compare_requests(const Row& row) {
    const auto& answers = row.totals.http_answers;
    const uint64_t answered = std::accumulate(answers.begin(), answers.end(), uint64_t{0});
    if (answered <= row.totals[Field::http_requests]) return;
    Difference difference = about(account_of(row.key), "http_answers");
    difference.bucket = row.key.bucket;
    difference.ledger = answered;
    difference.why = "the ledger has more answers to plain requests than http_requests";
    add(std::move(difference));
  }

  void tell(const meter::Remains& file, std::string why) {
    Difference difference;
    difference.node = file.of.node;
    difference.boot = file.of.boot;
    difference.why = std::move(why);
    add(std::move(difference));
  }

  static std::string second_file(const std::string& first, const meter::Remains& file) {
    return "there are several meter files of worker " + std::to_string(file.of.worker) + ", " +
           first + " and " + file.path +
           ", as after a copy or a restore: they count once, and the next start sets one aside";
  }

  void compare_slot(const RowKey& key, const Row& row) {
    const auto meters = meters_.find(key);
    if (meters == meters_.end()) return;  // given back meanwhile
    ++result_.slots_compared;
    bool ahead = false;
    for (size_t place = 0; place < kNumbers; ++place) {
      const uint64_t live = number_at(meters->second, place);
      const uint64_t kept = number_at(row.totals, place);
      ahead = ahead || live > kept;
      if (live == kept || (live > kept && !row.complete)) continue;
      Difference difference = about(account_of(key), number_names()[place]);
      difference.bucket = key.bucket;
      difference.meters = live;
      difference.ledger = kept;
      difference.why = live < kept ? "the ledger has more than was metered"
                                   : "the row is complete, but more was metered";
      add(std::move(difference));
    }
    not_yet_ += ahead && !row.complete ? 1 : 0;
  }

  void add_what_is_live() {
    for (const auto& [key, totals] : meters_) {
      Totals best = totals;
      if (const auto row = rows_.find(key); row != rows_.end()) {
        best = larger(totals, row->second.totals);
      } else if (!wanted_.contains(key)) {
        continue;  // newer than everything that it could be compared with
      } else {
        ++not_yet_;
      }
      accounts_[account_of(key)].rows += best;
    }
    for (const auto& [key, row] : rows_) {
      if (!meters_.contains(key)) accounts_[account_of(key)].rows += row.totals;
    }
  }

  void compare_account(const AccountKey& key, const Account& account) {
    without_stop_ += account.without_stop;
    if (account.sessions == 0 && account.opened() == 0) return;
    if (account.earliest < kept_since_) {
      ++pruned_;
      return;
    }
    const bool over = !boots_with_meters_.contains(key.boot);
    const bool all_there = account.sessions == account.opened();
    fewer_ += over && account.sessions < account.opened() ? 1 : 0;
    if (over && account.sessions > account.opened()) {
      Difference difference = about(key, "sessions");
      difference.ledger = account.opened();
      difference.records = account.sessions;
      difference.why = "there are more session records than sessions";
      add(std::move(difference));
    }
    if (account.sessions == 0) return;
    const bool exact = over && all_there && account.without_stop == 0;
    ++(exact ? result_.exact : result_.bounded);
    for (const Field field : kExact) compare_field(key, account, field, exact);
    for (const Field field : kBounded) compare_field(key, account, field, false);
  }

  void compare_field(const AccountKey& key, const Account& account, Field field, bool exact) {
    const uint64_t kept = account.rows[field];
    const uint64_t recorded = account.records[field];
    if (recorded == kept || (recorded < kept && !exact)) return;
    Difference difference = about(key, std::string(to_string(field)));
    difference.ledger = kept;
    difference.records = recorded;
    difference.why = recorded > kept ? "session records have more than the ledger"
                                     : "every session has ended, but the ledger has more";
    add(std::move(difference));
  }

  static Difference about(const AccountKey& key, std::string number) {
    Difference difference;
    difference.node = key.node;
    difference.boot = key.boot;
    difference.domain = key.domain;
    difference.number = std::move(number);
    return difference;
  }

  void add(Difference difference) {
    ++result_.differences_found;
    if (result_.differences.size() < Verification::kMostDifferences)
      result_.differences.push_back(std::move(difference));
  }

  void note(uint64_t count, const char* what) {
    if (count > 0) result_.notes.push_back(std::to_string(count) + what);
  }

  int64_t kept_since_;
  Verification result_;
  std::map<RowKey, Totals> wanted_;  // as they were before anything else was read
  std::map<RowKey, Totals> meters_;
  std::map<RowKey, Row> rows_;  // of keys that are wanted
  std::map<AccountKey, Account> accounts_;
  std::map<std::string, bool> boots_with_meters_;
  uint64_t not_yet_ = 0;
  uint64_t without_stop_ = 0;
  uint64_t fewer_ = 0;
  uint64_t pruned_ = 0;
};

}  // namespace

proto::Result<Verification, std::string> verify(Evidence& evidence, int64_t kept_since) {
  Comparison comparison(kept_since);
  std::string trouble = comparison.read(evidence);
  if (!trouble.empty()) return proto::Unexpected{std::move(trouble)};
  return comparison.finish();
}

proto::Result<Verification, std::string> verify_state(const std::string& state_dir,
                                                      int64_t kept_since,
                                                      std::chrono::milliseconds pause) {
  for (int attempt = 1;; ++attempt) {
    auto ledger = ledger::Reader::open(ledger::file_path(state_dir));
    if (!ledger) return proto::Unexpected{ledger.error()};
    StateEvidence evidence(state_dir, **ledger);
    auto result = verify(evidence, kept_since);
    if (!result || result->differences_found == 0 || attempt == kAttempts) return result;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace gateway::usage::answers
