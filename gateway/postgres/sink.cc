#include "gateway/postgres/sink.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <random>
#include <thread>

#include "gateway/log/log.h"
#include "gateway/postgres/delivery.h"

namespace gateway::postgres {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kFirstWait{500};
// For rows that nobody has announced.
constexpr milliseconds kLook{10'000};

std::string rows_wait(size_t count) {
  if (count == 0) return "no row waits";
  if (count >= Delivery::kBatch) return std::to_string(count) + " rows or more wait";
  return count == 1 ? "1 row waits" : std::to_string(count) + " rows wait";
}

}  // namespace

struct Sink::State {
  explicit State(Plan plan);

  void run();
  void note_connected();
  void note_taken();
  void note_trouble(const Error& error);
  void set_trouble(std::string text);
  void rest(bool in_trouble);
  void listen(Clock::time_point until);
  milliseconds back_off();

  const milliseconds longest_wait;
  Waker waker;
  Delivery::Progress progress;
  std::thread thread;

  mutable std::mutex mutex;  // of `trouble`
  std::string trouble;

  // The thread's own.
  Delivery delivery;
  std::string told;  // what the log knows: the kind of trouble, or that there is none
  bool told_connected = false;
  uint32_t attempts = 0;
  std::minstd_rand random;
};

Sink::State::State(Plan plan)
    : longest_wait(plan.longest_wait),
      delivery({plan.url, plan.ledger_path, plan.timeout}, waker, progress),
      // Nodes that lost the server together must not come back together.
      random(static_cast<uint32_t>(std::hash<std::string>{}(plan.ledger_path) ^
                                   static_cast<size_t>(Clock::now().time_since_epoch().count()))) {}

void Sink::State::run() {
  bool last = false;
  while (!last) {
    // One more time after the stop, as its patience allows.
    last = waker.stopping();
    if (waker.late(Clock::time_point::max())) return;
    std::optional<Error> error = delivery.open();
    if (!error) note_connected();
    if (!error) error = delivery.bring_over();
    if (error) {
      note_trouble(*error);
    } else {
      note_taken();
    }
    if (!waker.stopping()) rest(error.has_value());
  }
}

void Sink::State::set_trouble(std::string text) {
  const std::lock_guard lock(mutex);
  trouble = std::move(text);
}

// What is brought over at once is told by note_taken() alone.
void Sink::State::note_connected() {
  if (told == "connected" || told_connected) return;
  const size_t waiting = delivery.waiting();
  if (waiting < Delivery::kBatch) return;
  told_connected = true;
  log::say(log::Level::info,
           "usage.postgres: connected to " + delivery.description() + ", " + rows_wait(waiting));
}

void Sink::State::note_taken() {
  attempts = 0;
  told_connected = false;
  const bool refused = progress.rows_refused.load() > 0;
  if (!refused) progress.behind_since_ms.store(0);
  set_trouble(refused ? "the server refuses rows for what they hold" : "");
  if (told == "connected") return;
  log::say(log::Level::info,
           "usage.postgres: connected to " + delivery.description() + " and caught up");
  told = "connected";
}

void Sink::State::note_trouble(const Error& error) {
  const size_t waiting = delivery.waiting();
  if (waiting > 0) progress.fall_behind();
  set_trouble(error.words());
  // A server that restarts is away in many words; the log tells the first ones.
  const std::string kind = error.state.empty() ? "trouble" : error.state;
  if (told == kind || (told == "trouble" && error.state.starts_with("57"))) return;
  log::say(log::Level::error,
           "usage.postgres: " + std::string(told == "connected" ? "lost: " : "not connected: ") +
               error.words() + "; " + rows_wait(waiting) + " in the ledger");
  told = kind;
}

milliseconds Sink::State::back_off() {
  milliseconds most = kFirstWait;
  for (uint32_t i = 0; i < attempts && most < longest_wait; ++i) most *= 2;
  ++attempts;
  most = std::min(most, longest_wait);
  return milliseconds(std::uniform_int_distribution<int64_t>(0, most.count())(random));
}

void Sink::State::rest(bool in_trouble) {
  if (!in_trouble) return listen(Clock::now() + kLook);
  const Clock::time_point until = Clock::now() + back_off();
  // New rows are no reason to try earlier, a stop is.
  while (!waker.stopping()) {
    if (waker.wait(-1, 0, until) == Waker::Outcome::late) return;
  }
}

void Sink::State::listen(Clock::time_point until) {
  while (waker.wait(delivery.socket(), POLLIN, until) == Waker::Outcome::ready) {
    if (const auto error = delivery.hear()) {
      note_trouble(*error);
      return rest(true);
    }
  }
}

Sink::Sink(Plan plan) : state_(std::make_unique<State>(std::move(plan))) {}

Sink::~Sink() { stop(milliseconds{0}); }

void Sink::start() {
  state_->thread = std::thread([state = state_.get()] {
    ::pthread_setname_np(::pthread_self(), "weir-postgres");
    state->run();
  });
}

void Sink::stop(milliseconds patience) {
  if (!state_->thread.joinable()) return;
  state_->waker.stop_by(Clock::now() + patience);
  state_->thread.join();
}

void Sink::wake() { state_->waker.wake(); }

Sink::Figures Sink::figures() const {
  const Delivery::Progress& progress = state_->progress;
  Figures figures{.errors = progress.errors.load(),
                  .rows_sent = progress.rows_sent.load(),
                  .rows_refused = progress.rows_refused.load(),
                  .connected = progress.connected.load(),
                  .lag = milliseconds{0},
                  .trouble = {}};
  if (const int64_t since = progress.behind_since_ms.load(); since != 0) {
    figures.lag = std::chrono::duration_cast<milliseconds>(Clock::now().time_since_epoch()) -
                  milliseconds(since);
  }
  const std::lock_guard lock(state_->mutex);
  figures.trouble = state_->trouble;
  return figures;
}

}  // namespace gateway::postgres
