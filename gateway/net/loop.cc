#include "gateway/net/loop.h"

#include <algorithm>
#include <cassert>
#include <system_error>

#include "gateway/log/log.h"

namespace gateway::net {

namespace {
template <class Handle>
Loop& loop_of(Handle* handle) {
  return *static_cast<Loop*>(handle->data);
}

// A batch of sockets, then another while the batches come full: bounded, so that timers and posts
// are not starved.
constexpr int kMaxBatches = 8;

void must(int result, const char* what) {
  if (result < 0)
    throw std::system_error(-result, std::system_category(), std::string(what) + " cannot be made");
}
}  // namespace

void Retirement::clear() {
  // Deleting one may retire another.
  while (!retired_.empty()) {
    std::vector<std::unique_ptr<Retirable>> now;
    now.swap(retired_);
  }
}

Loop::Loop(const milliseconds* hand)
    : hand_(hand),
      wheel_(milliseconds(0)),
      read_buffer_(std::make_unique_for_overwrite<uint8_t[]>(kReadSize)),
      plain_buffer_(std::make_unique_for_overwrite<uint8_t[]>(kReadSize)) {
  must(uv_loop_init(&loop_), "an event loop");
  wheel_.advance(time());
  try {
    open_handles();
  } catch (...) {
    close_handles();
    throw;
  }
}

void Loop::open_handles() {
  posted_signal_.data = sockets_.data = timer_.data = before_poll_.data = after_poll_.data = this;
  must(uv_async_init(&loop_, &posted_signal_,
                     [](uv_async_t* handle) { loop_of(handle).run_posted(); }),
       "an event loop's wake-up");
  must(uv_poll_init(&loop_, &sockets_, poller_.fd()), "an event loop's sockets");
  must(uv_poll_start(&sockets_, UV_READABLE,
                     [](uv_poll_t* handle, int, int) { loop_of(handle).on_sockets(); }),
       "an event loop's sockets");
  uv_timer_init(&loop_, &timer_);
  uv_prepare_init(&loop_, &before_poll_);
  uv_prepare_start(&before_poll_, [](uv_prepare_t* handle) {
    loop_of(handle).begin_turn();  // before the first wait there may be work already
    loop_of(handle).end_turn();
    const std::string line = loop_of(handle).turns_.end(uv_hrtime());
    if (!line.empty()) log::say(log::Level::warning, line);
  });
  uv_check_init(&loop_, &after_poll_);
  uv_check_start(&after_poll_, [](uv_check_t* handle) {
    loop_of(handle).begin_turn();
    loop_of(handle).end_turn();
  });
  uv_idle_init(&loop_, &more_to_do_);
}

Loop::~Loop() {
  retirement_.clear();
  close_handles();
}

void Loop::close_handles() {
  uv_walk(
      &loop_,
      [](uv_handle_t* handle, void*) {
        if (uv_is_closing(handle) == 0) uv_close(handle, nullptr);
      },
      nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  [[maybe_unused]] const int busy = uv_loop_close(&loop_);
  assert(busy == 0);
}

milliseconds Loop::time() const {
  return hand_ != nullptr ? *hand_ : milliseconds(static_cast<int64_t>(uv_now(&loop_)));
}

void Loop::run() { uv_run(&loop_, UV_RUN_DEFAULT); }

void Loop::stop() {
  post([this] { uv_stop(&loop_); });
}

void Loop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(task));
  }
  uv_async_send(&posted_signal_);
}

void Loop::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(posted_mutex_);
    tasks.swap(posted_);
  }
  begin_turn();
  wheel_.set_now(time());
  measured(TurnClock::Part::posted, [&tasks] {
    for (const auto& task : tasks) task();
  });
}

void Loop::on_sockets() {
  begin_turn();
  wheel_.set_now(time());
  for (int batch = 0; batch < kMaxBatches && poller_.dispatch(); ++batch) retirement_.clear();
}

// What libuv called before us in this turn, a signal's reload above all, counts as well: it notes
// when the wait was over, by a clock that may be two milliseconds behind.
void Loop::begin_turn() {
  if (turns_.begun()) return;
  constexpr uint64_t kMillisecond = 1'000'000;
  turns_.begin(std::min(uv_hrtime(), (uv_now(&loop_) + 2) * kMillisecond));
}

template <class Work>
void Loop::measured(TurnClock::Part part, Work work) {
  const uint64_t began = uv_hrtime();
  work();
  turns_.spent(part, uv_hrtime() - began);
}

void Loop::end_turn() {
  const milliseconds now = time();
  wheel_.set_now(now);
  const auto due = wheel_.next();
  if (due && *due <= now) measured(TurnClock::Part::deadlines, [&] { wheel_.advance(now); });
  bool more = false;
  if (poller_.has_scheduled())
    measured(TurnClock::Part::scheduled, [&] { more = poller_.run_scheduled(); });
  if (!retirement_.empty()) measured(TurnClock::Part::retired, [this] { retirement_.clear(); });
  if (more) {
    uv_idle_start(&more_to_do_, [](uv_idle_t*) {});
  } else {
    uv_idle_stop(&more_to_do_);
  }
  arm_timer();
}

void Loop::arm_timer() {
  const auto due = wheel_.next();
  // Whoever moves the clock turns the loop, too.
  if (due == armed_ || hand_ != nullptr) return;
  armed_ = due;
  if (!due) {
    uv_timer_stop(&timer_);
    return;
  }
  const int64_t wait = (*due - time()).count();
  // The deadlines themselves run in end_turn; the timer only ends the wait.
  uv_timer_start(
      &timer_, [](uv_timer_t* handle) { loop_of(handle).armed_.reset(); },
      wait > 0 ? static_cast<uint64_t>(wait) : 0, 0);
}

}  // namespace gateway::net
