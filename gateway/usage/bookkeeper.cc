#include "gateway/usage/bookkeeper.h"

#include <algorithm>
#include <condition_variable>
#include <optional>
#include <pthread.h>
#include <thread>
#include <utility>

#include "gateway/log/log.h"
#include "gateway/usage/budget_watch.h"
#include "gateway/usage/clock_steps.h"
#include "gateway/usage/ledger.h"
#include "gateway/usage/ledger_health.h"
#include "gateway/usage/live_rows.h"
#include "gateway/usage/meter_file.h"
#include "gateway/usage/pending_records.h"
#include "gateway/usage/recovery.h"

namespace gateway::usage {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// A transaction of so many rows takes a fraction of a second; what is left follows at once.
constexpr size_t kMostRows = 20'000;
// Rows to prune in one transaction, and how long to rest when there were fewer.
constexpr size_t kPruned = 5'000;
constexpr std::chrono::hours kPruneRest{1};
constexpr std::chrono::minutes kProofRest{10};
// However far ahead the clock is set, rows grow old by no more than a day in an hour: whoever sets
// it right in time has lost little, and a node that was away for months catches up within days.
constexpr int64_t kPruneSpeed = 24;

milliseconds since(Clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
}

bool is_about_the_file(const LedgerError& error) {
  return error.kind == LedgerError::Kind::damaged || error.kind == LedgerError::Kind::doubtful;
}

milliseconds system_wall() {
  return std::chrono::duration_cast<milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace

struct Bookkeeper::State {
  State(Plan given, Meters& all, std::vector<RecordQueue*> from)
      : plan(std::move(given)),
        path(ledger_path(plan.state_dir)),
        meters(all),
        queues(std::move(from)),
        live(all),
        recovery(meters_folder(plan.state_dir), plan.node, plan.boot),
        steps(all) {
    if (!plan.wall) plan.wall = system_wall;
  }

  void run();
  bool flush(bool last);
  void collect(bool last);
  std::optional<LedgerError> bring();  // everything to the disk
  std::optional<LedgerError> open();
  std::optional<LedgerError> recover();
  std::optional<LedgerError> write_rows();
  std::optional<LedgerError> prune();
  void find_latest();
  int64_t prune_time() const;  // Unix seconds
  std::optional<LedgerError> try_again();
  std::string prove_damage();
  bool give_up_file(const LedgerError& error);
  void drop_ledger();
  void report(Clock::time_point begin, const std::optional<LedgerError>& error);
  void finish();

  Plan plan;
  std::string path;
  Meters& meters;
  std::vector<RecordQueue*> queues;

  std::optional<Ledger> ledger;
  LiveRows live;
  PendingRecords records;
  std::vector<Record> taken;  // moved out of; its memory goes back to a queue
  Recovery recovery;
  ClockSteps steps;
  LedgerHealth health;
  BudgetWatch budgets;
  Clock::time_point next_prune = Clock::now();
  Clock::time_point next_proof = Clock::now();
  std::optional<int64_t> latest;  // Unix seconds: how far the ledger went when it was first opened
  Clock::time_point begun = Clock::now();
  Clock::time_point last_good = Clock::now();
  size_t rows_written = 0;

  mutable std::mutex mutex;  // of what follows
  std::condition_variable wake;
  bool stopping = false;
  Figures figures;
  std::optional<Clock::time_point> waiting_since;   // changes that are not durable
  std::optional<Clock::time_point> flushing_since;  // a disk may hold a flush for ever
  std::function<void()> tell;

  std::thread thread;
  bool started = false;
};

Bookkeeper::Bookkeeper(Plan plan, Meters& meters, std::vector<RecordQueue*> queues)
    : state_(std::make_unique<State>(std::move(plan), meters, std::move(queues))) {}

Bookkeeper::~Bookkeeper() { stop(); }

void Bookkeeper::start() {
  state_->started = true;
  state_->flush(false);
  state_->thread = std::thread([state = state_.get()] {
    ::pthread_setname_np(::pthread_self(), "weir-ledger");
    state->run();
  });
}

void Bookkeeper::stop() {
  if (!std::exchange(state_->started, false)) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_one();
  // The system may have refused the thread.
  if (state_->thread.joinable()) state_->thread.join();
  state_->finish();
}

bool Bookkeeper::flush() { return state_->flush(false); }

void Bookkeeper::use_budgets(std::map<std::string, BudgetPlan> plans, BudgetChanged changed) {
  state_->budgets.use(std::move(plans), std::move(changed));
}

Bookkeeper::Figures Bookkeeper::figures() const {
  const std::lock_guard lock(state_->mutex);
  Figures figures = state_->figures;
  // A flush that is under way has failed by nothing yet, but is late by as long as it takes.
  const auto& oldest = state_->waiting_since ? state_->waiting_since : state_->flushing_since;
  if (oldest) figures.lag = since(*oldest);
  return figures;
}

void Bookkeeper::on_flushed(std::function<void()> tell) {
  const std::lock_guard lock(state_->mutex);
  state_->tell = std::move(tell);
}

void Bookkeeper::State::run() {
  auto next = Clock::now() + plan.flush_interval;
  while (true) {
    {
      std::unique_lock lock(mutex);
      if (wake.wait_until(lock, next, [this] { return stopping; })) return;
    }
    flush(false);
    // After a disk that was slow the rhythm goes on; the flushes that it missed are not made up.
    next = std::max(next + plan.flush_interval, Clock::now());
  }
}

// The workers have ended: what is in the ledger now is all there will be.
void Bookkeeper::State::finish() {
  if (!flush(true)) {
    log::say(log::Level::error,
             "usage: the last rows could not be written; they stay in the meter files for the next "
             "start" +
                 std::string(health.memory_alone() ? ", but for those in memory alone" : ""));
    return;
  }
  for (size_t worker = 0; worker < meters.size(); ++worker) meters.book(worker).discard();
}

bool Bookkeeper::State::flush(bool last) {
  const auto begin = Clock::now();
  {
    const std::lock_guard lock(mutex);
    flushing_since = begin;
  }
  rows_written = 0;
  collect(last);
  auto error = bring();
  if (error && is_about_the_file(*error)) error = try_again();
  if (error) drop_ledger();
  report(begin, error);
  budgets.follow(plan.wall().count() / 1000, live, path);
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex);
    call = tell;
  }
  if (!error && rows_written > 0 && call) call();
  return !error;
}

// The connection may be at fault, or what it remembers: a new one says whether the file is. Only a
// file that is proven to be damaged is given up.
std::optional<LedgerError> Bookkeeper::State::try_again() {
  drop_ledger();
  auto error = bring();
  if (!error || !is_about_the_file(*error)) return error;
  drop_ledger();
  if (error->kind == LedgerError::Kind::doubtful) {
    const std::string proof = prove_damage();
    if (proof.empty()) {
      error->text += " (nothing shows that the file is damaged, so it stays)";
      return error;
    }
    error->text += " (" + proof + ")";
  }
  if (!give_up_file(*error)) return error;
  return bring();
}

// A large ledger takes its time, so not at each flush that fails.
std::string Bookkeeper::State::prove_damage() {
  if (Clock::now() < next_proof) return {};
  next_proof = Clock::now() + kProofRest;
  return proof_of_damage(path);
}

void Bookkeeper::State::collect(bool last) {
  for (size_t worker = 0; worker < meters.size(); ++worker) {
    Book& book = meters.book(worker);
    book.provide();
    health.judge_meters(worker, book.trouble());
  }
  steps.take(plan.wall());
  // Records first: what a session's record has, the meters have had before.
  for (RecordQueue* const queue : queues) {
    taken = queue->take(std::move(taken));
    records.add(taken);
    clear_records(taken);
  }
  live.read(last);
}

std::optional<LedgerError> Bookkeeper::State::bring() {
  if (auto error = open()) return error;
  if (auto error = recover()) return error;
  if (auto error = write_rows()) return error;
  return prune();
}

std::optional<LedgerError> Bookkeeper::State::open() {
  if (ledger) return std::nullopt;
  auto opened = Ledger::open(path);
  if (!opened) return opened.error();
  ledger.emplace(std::move(*opened));
  find_latest();
  return std::nullopt;
}

void Bookkeeper::State::find_latest() {
  if (latest) return;
  latest = plan.wall().count() / 1000;
  const auto reader = LedgerReader::open(path);
  if (!reader) return;
  if (const auto extent = (*reader)->extent()) latest = extent->last + kBucketSeconds;
}

std::optional<LedgerError> Bookkeeper::State::recover() {
  if (recovery.finished()) return std::nullopt;
  if (auto error = recovery.run(*ledger)) return error;
  budgets.read_again();
  return std::nullopt;
}

// Records go with the first rows, in one transaction.
std::optional<LedgerError> Bookkeeper::State::write_rows() {
  while (true) {
    const std::vector<Row> rows = live.changed(kMostRows);
    if (rows.empty() && records.empty() && steps.empty()) return std::nullopt;
    if (auto error = ledger->write({.rows = rows,
                                    .node = plan.node,
                                    .boot = plan.boot,
                                    .records = records.batch(),
                                    .clock_steps = steps.waiting()}))
      return error;
    for (const Row& row : rows) {
      if (row.complete) budgets.settle(row);
    }
    live.written(rows);
    records.clear();
    steps.clear();
    rows_written += rows.size();
    if (rows.size() < kMostRows) return std::nullopt;
  }
}

int64_t Bookkeeper::State::prune_time() const {
  const int64_t now = plan.wall().count() / 1000;
  const auto passed = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begun);
  return std::min(now, latest.value_or(now) + passed.count() * kPruneSpeed);
}

std::optional<LedgerError> Bookkeeper::State::prune() {
  if (Clock::now() < next_prune) return std::nullopt;
  const int64_t now = prune_time();
  const int64_t keep_seconds = std::chrono::duration_cast<std::chrono::seconds>(plan.keep).count();
  const auto gone = ledger->prune(std::min(now - keep_seconds, budgets.needed_from(now)), kPruned);
  if (!gone) return gone.error();
  // There are three kinds of rows: any of them may have come to the limit.
  if (*gone < kPruned) next_prune = Clock::now() + kPruneRest;
  return std::nullopt;
}

// After an error the connection is not to be trusted: opening the file again brings what the kernel
// may have dropped to the disk, and every live row is written once more.
void Bookkeeper::State::drop_ledger() {
  ledger.reset();
  live.forget_written();
}

// False: it cannot be set aside.
bool Bookkeeper::State::give_up_file(const LedgerError& error) {
  std::string new_path;
  const std::string trouble = set_aside(path, new_path);
  if (!trouble.empty()) {
    log::say(log::Level::error, "usage: the ledger is damaged (" + error.text +
                                    ") and cannot be set aside: " + trouble);
    return false;
  }
  budgets.read_again();
  log::say(log::Level::error,
           "usage: the ledger is damaged (" + error.text + "): it is kept as " + new_path +
               " and a new one is begun; usage before this is in the old file alone");
  return true;
}

void Bookkeeper::State::report(Clock::time_point begin, const std::optional<LedgerError>& error) {
  uint64_t dropped = records.dropped();
  for (const RecordQueue* const queue : queues) dropped += queue->dropped();
  if (error) {
    health.failed(error->text, error->kind == LedgerError::Kind::newer);
  } else {
    health.worked(dropped);
  }
  const std::lock_guard lock(mutex);
  flushing_since.reset();
  figures.errors += error ? 1 : 0;
  figures.rows_written += rows_written;
  figures.records_dropped = dropped;
  figures.last_flush = since(begin);
  figures.healthy = !error;
  // What failed now came after the flush before, at the earliest.
  if (!error) {
    waiting_since.reset();
    last_good = begin;
  } else if (!waiting_since) {
    waiting_since = last_good;
  }
}

}  // namespace gateway::usage
