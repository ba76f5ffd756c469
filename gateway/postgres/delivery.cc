#include "gateway/postgres/delivery.h"

#include <algorithm>
#include <sys/stat.h>
#include <utility>

#include "gateway/log/log.h"
#include "gateway/usage/answers/query.h"

namespace gateway::postgres {

namespace {

constexpr std::chrono::minutes kRefusedAgain{10};

Error ledger_error(const std::string& why) {
  return {.kind = Error::Kind::ledger, .state = {}, .text = "the ledger: " + why};
}

std::pair<uint64_t, uint64_t> file_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {0, 0};
  return {status.st_dev, status.st_ino};
}

std::string name_of(const usage::RowKey& key) {
  return "node=" + key.node + " boot=" + key.boot + " domain=" + key.domain +
         " bucket=" + usage::answers::format_time(key.bucket) + " part=" + std::to_string(key.part);
}

}  // namespace

Delivery::Delivery(Plan plan, Waker& waker, Progress& progress)
    : plan_(std::move(plan)), waker_(waker), progress_(progress) {}

Waker::Time Delivery::in_time() const { return std::chrono::steady_clock::now() + plan_.timeout; }

Error Delivery::failed(Error error) {
  progress_.errors.fetch_add(1, std::memory_order_relaxed);
  // Whatever its state is, a new connection has a better one. The ledger's errors spare it.
  if (error.kind != Error::Kind::ledger) {
    table_.reset();
    connection_.reset();
    progress_.connected.store(false, std::memory_order_relaxed);
  }
  return error;
}

void Delivery::Progress::fall_behind() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  int64_t nothing = 0;
  behind_since_ms.compare_exchange_strong(
      nothing, std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

std::optional<Error> Delivery::open() {
  std::optional<Error> error = open_ledger();
  if (!error && connection_ == nullptr) error = connect();
  if (error) return failed(std::move(*error));
  return std::nullopt;
}

std::optional<Error> Delivery::bring_over() {
  std::optional<Error> error = send_new_rows();
  if (!error && !refused_.empty() && std::chrono::steady_clock::now() >= retry_refused_) {
    error = send_refused_again();
  }
  if (error) return failed(std::move(*error));
  return std::nullopt;
}

std::optional<Error> Delivery::open_ledger() {
  const auto file = file_of(plan_.ledger_path);
  // A ledger that was set aside as damaged would be read for ever.
  if (ledger_ && file == ledger_file_) return std::nullopt;
  ledger_.reset();
  if (file == std::pair<uint64_t, uint64_t>{}) return ledger_error("it is not there yet");
  auto opened = usage::ledger::Ledger::open(plan_.ledger_path);
  if (!opened) return ledger_error(opened.error().text);
  ledger_.emplace(std::move(*opened));
  ledger_file_ = file;
  identity_.clear();
  table_.reset();
  connection_.reset();
  return std::nullopt;
}

std::optional<Error> Delivery::connect() {
  const auto target = parse_target(plan_.url);
  if (!target) return target.error();
  auto opened = Connection::open(*target, plan_.timeout, waker_);
  if (!opened) return opened.error();
  connection_ = std::move(*opened);
  table_.emplace(*connection_);
  if (auto error = table_->prepare(in_time(), plan_.timeout)) return error;
  if (table_->identity() != identity_) {
    const auto known = ledger_->sink_revision(table_->identity());
    if (!known) return ledger_error(known.error().text);
    cursor_ = acknowledged_ = *known;
    refused_.clear();
    identity_ = table_->identity();
  }
  retry_refused_ = std::chrono::steady_clock::now();
  description_ = connection_->description();
  progress_.connected.store(true, std::memory_order_relaxed);
  return std::nullopt;
}

std::optional<Error> Delivery::read(int64_t after, size_t most,
                                    std::vector<usage::ledger::Ledger::Change>& changes) {
  auto found = ledger_->changes(after, most);
  if (!found) return ledger_error(found.error().text);
  changes = std::move(*found);
  return std::nullopt;
}

std::optional<Error> Delivery::send_new_rows() {
  std::vector<usage::ledger::Ledger::Change> batch;
  while (true) {
    if (auto error = read(cursor_, kBatch, batch)) return error;
    if (batch.empty()) return std::nullopt;
    progress_.fall_behind();
    if (auto error = send_batch(batch)) return error;
    cursor_ = batch.back().revision;
    note_acknowledged();
  }
}

std::optional<Error> Delivery::send_batch(const std::vector<usage::ledger::Ledger::Change>& batch) {
  const std::optional<Error> error = table_->deliver(batch, in_time());
  if (error && Table::about_a_row(*error)) return send_alone(batch);
  if (error) return error;
  progress_.rows_sent.fetch_add(batch.size(), std::memory_order_relaxed);
  for (const usage::ledger::Ledger::Change& change : batch) {
    if (!refused_.empty()) refused_.erase(change.row.key);
  }
  return std::nullopt;
}

std::optional<Error> Delivery::send_alone(const std::vector<usage::ledger::Ledger::Change>& batch) {
  std::vector<Table::Refusal> no;
  if (auto error = table_->deliver_singly(batch, in_time(), no)) return error;
  if (no.size() + refused_.size() > kMostRefused) return no.front().error;
  auto refusal = no.begin();
  for (size_t i = 0; i < batch.size(); ++i) {
    if (refusal != no.end() && refusal->place == i) {
      keep(batch[i], (refusal++)->error);
    } else {
      refused_.erase(batch[i].row.key);
    }
  }
  progress_.rows_sent.fetch_add(batch.size() - no.size(), std::memory_order_relaxed);
  return std::nullopt;
}

void Delivery::keep(const usage::ledger::Ledger::Change& change, const Error& why) {
  progress_.errors.fetch_add(1, std::memory_order_relaxed);
  if (refused_.empty()) retry_refused_ = std::chrono::steady_clock::now() + kRefusedAgain;
  const bool known = !refused_.insert_or_assign(change.row.key, change.revision).second;
  // One line for a row, however often it changes.
  if (known) return;
  log::say(log::Level::error, "usage.postgres: the server refuses the row " +
                                  name_of(change.row.key) + " for what it holds: " + why.text +
                                  "; it stays in the ledger and is tried again");
}

std::optional<Error> Delivery::send_refused_again() {
  const std::map<usage::RowKey, int64_t> before = refused_;
  std::vector<usage::ledger::Ledger::Change> found;
  for (const auto& [key, revision] : before) {
    if (auto error = read(revision - 1, 1, found)) return error;
    const bool there = !found.empty() && found.front().revision == revision;
    if (there) {
      if (auto error = send_alone(found)) return error;
      continue;
    }
    // Changes of it were read before this, so it can only have been removed.
    refused_.erase(key);
    log::say(log::Level::error, "usage.postgres: the row " + name_of(key) +
                                    " went from the ledger by its age (usage.keep) and was never "
                                    "taken by the server");
  }
  retry_refused_ = std::chrono::steady_clock::now() + kRefusedAgain;
  note_acknowledged();
  return std::nullopt;
}

void Delivery::note_acknowledged() {
  int64_t before_refused = cursor_;
  for (const auto& [key, revision] : refused_) {
    before_refused = std::min(before_refused, revision - 1);
  }
  progress_.rows_refused.store(refused_.size(), std::memory_order_relaxed);
  if (before_refused == acknowledged_) return;
  // A disk that fails makes the next process send some rows again, which changes nothing.
  if (ledger_->set_sink_revision(identity_, before_refused)) {
    progress_.errors.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  acknowledged_ = before_refused;
}

int Delivery::socket() const { return connection_ ? connection_->socket() : -1; }

std::optional<Error> Delivery::hear() {
  if (connection_ == nullptr) return std::nullopt;
  std::optional<Error> error = connection_->hear();
  if (error) return failed(std::move(*error));
  return std::nullopt;
}

size_t Delivery::waiting() {
  if (open_ledger()) return 0;
  const auto found = ledger_->changes(cursor_, kBatch);
  return found ? found->size() : 0;
}

}  // namespace gateway::postgres
