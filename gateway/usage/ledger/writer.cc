#include "gateway/usage/ledger/writer.h"

#include <algorithm>
#include <condition_variable>
#include <optional>
#include <pthread.h>
#include <thread>
#include <utility>

#include "gateway/log/log.h"
#include "gateway/usage/ledger/budgets.h"
#include "gateway/usage/ledger/clock_steps.h"
#include "gateway/usage/ledger/health.h"
#include "gateway/usage/ledger/ledger.h"
#include "gateway/usage/ledger/live_rows.h"
#include "gateway/usage/ledger/pending_records.h"
#include "gateway/usage/ledger/recovery.h"
#include "gateway/usage/ledger/retention.h"
#include "gateway/usage/meter/file.h"

namespace gateway::usage::ledger {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// A transaction of so many rows takes a fraction of a second; what is left follows at once.
constexpr size_t kMostRows = 20'000;
constexpr std::chrono::minutes kProofRest{10};
bool is_about_the_file(const Error& error) {
  return error.kind == Error::Kind::damaged || error.kind == Error::Kind::doubtful;
}

milliseconds system_wall() {
  return std::chrono::duration_cast<milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace

struct Writer::State {
  State(Plan given, meter::Books& all, std::vector<RecordQueue*> from)
      : plan(std::move(given)),
        path(file_path(plan.state_dir)),
        meters(all),
        queues(std::move(from)),
        live(all),
        recovery(meter::folder_of(plan.state_dir), plan.node, plan.boot),
        steps(all),
        retention(plan.keep) {
    if (!plan.wall) plan.wall = system_wall;
  }

  void run();
  bool flush(bool last);
  void collect(bool last);
  std::optional<Error> bring();  // everything to the disk
  std::optional<Error> open();
  std::optional<Error> recover();
  std::optional<Error> write_rows();
  std::optional<Error> prune();
  int64_t unix_seconds() const { return plan.wall().count() / 1000; }
  std::optional<Error> try_again();
  std::string prove_damage();
  bool give_up_file(const Error& error);
  void drop_ledger();
  void report(Clock::time_point begin, const std::optional<Error>& error);
  void finish();

  Plan plan;
  std::string path;
  meter::Books& meters;
  std::vector<RecordQueue*> queues;

  std::optional<Ledger> ledger;
  LiveRows live;
  PendingRecords records;
  std::vector<Record> taken;  // moved out of; its memory goes back to a queue
  Recovery recovery;
  ClockSteps steps;
  Health health;
  Retention retention;
  Budgets budgets;
  Clock::time_point next_proof = Clock::now();
  size_t rows_written = 0;  // by the flush that goes on
  Progress progress;

  mutable std::mutex mutex;  // of what follows
  std::condition_variable wake;
  bool stopping = false;
  std::function<void()> tell;

  std::thread thread;
  bool started = false;
};

Writer::Writer(Plan plan, meter::Books& meters, std::vector<RecordQueue*> queues)
    : state_(std::make_unique<State>(std::move(plan), meters, std::move(queues))) {}

Writer::~Writer() { stop(); }

void Writer::start() {
  state_->started = true;
  state_->flush(false);
  state_->thread = std::thread([state = state_.get()] {
    ::pthread_setname_np(::pthread_self(), "weir-ledger");
    state->run();
  });
}

void Writer::stop() {
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

bool Writer::flush() { return state_->flush(false); }

void Writer::use_budgets(std::map<std::string, BudgetPlan> plans, BudgetChanged changed) {
  state_->budgets.use(std::move(plans), std::move(changed));
}

Writer::Figures Writer::figures() const { return state_->progress.figures(); }

void Writer::on_flushed(std::function<void()> tell) {
  const std::lock_guard lock(state_->mutex);
  state_->tell = std::move(tell);
}

void Writer::State::run() {
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
void Writer::State::finish() {
  if (!flush(true)) {
    log::say(log::Level::error,
             "usage: the last rows could not be written; they stay in the meter files for the next "
             "start" +
                 std::string(health.memory_alone() ? ", but for those in memory alone" : ""));
    return;
  }
  for (size_t worker = 0; worker < meters.size(); ++worker) meters.book(worker).discard();
}

bool Writer::State::flush(bool last) {
  const auto begin = Clock::now();
  progress.begin(begin);
  rows_written = 0;
  collect(last);
  auto error = bring();
  if (error && is_about_the_file(*error)) error = try_again();
  if (error) drop_ledger();
  report(begin, error);
  budgets.follow(unix_seconds(), live, path);
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
std::optional<Error> Writer::State::try_again() {
  drop_ledger();
  auto error = bring();
  if (!error || !is_about_the_file(*error)) return error;
  drop_ledger();
  if (error->kind == Error::Kind::doubtful) {
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
std::string Writer::State::prove_damage() {
  if (Clock::now() < next_proof) return {};
  next_proof = Clock::now() + kProofRest;
  return proof_of_damage(path);
}

void Writer::State::collect(bool last) {
  for (size_t worker = 0; worker < meters.size(); ++worker) {
    meter::Book& book = meters.book(worker);
    book.provide();
    health.judge_meters(worker, book.trouble());
  }
  steps.take(plan.wall());
  // Records first: what a session's record has, the meters have had before.
  records.begin();
  for (RecordQueue* const queue : queues) {
    taken = queue->take(std::move(taken));
    records.add(taken);
    clear_records(taken);
  }
  live.read(last);
}

std::optional<Error> Writer::State::bring() {
  if (auto error = open()) return error;
  if (auto error = recover()) return error;
  if (auto error = write_rows()) return error;
  return prune();
}

std::optional<Error> Writer::State::open() {
  if (ledger) return std::nullopt;
  auto opened = Ledger::open(path);
  if (!opened) return opened.error();
  ledger.emplace(std::move(*opened));
  retention.find_latest(path, unix_seconds());
  return std::nullopt;
}

std::optional<Error> Writer::State::recover() {
  if (recovery.finished()) return std::nullopt;
  if (auto error = recovery.run(*ledger)) return error;
  budgets.read_again();
  return std::nullopt;
}

// Records go with the first rows, in one transaction.
std::optional<Error> Writer::State::write_rows() {
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

std::optional<Error> Writer::State::prune() {
  const int64_t now = retention.time(unix_seconds());
  return retention.prune(*ledger, now, budgets.needed_from(now));
}

// After an error the connection is not to be trusted: opening the file again brings what the kernel
// may have dropped to the disk, and every live row is written once more.
void Writer::State::drop_ledger() {
  ledger.reset();
  live.forget_written();
}

// False: it cannot be set aside.
bool Writer::State::give_up_file(const Error& error) {
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

void Writer::State::report(Clock::time_point begin, const std::optional<Error>& error) {
  uint64_t dropped = records.dropped();
  for (const RecordQueue* const queue : queues) dropped += queue->dropped();
  if (error) {
    health.failed(error->text, error->kind == Error::Kind::newer);
  } else {
    health.worked(dropped);
  }
  progress.end({.began = begin,
                .rows_written = rows_written,
                .records_dropped = dropped,
                .failed = error.has_value()});
}

}  // namespace gateway::usage::ledger
