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

constexpr int kMaxBatches = 8;
constexpr milliseconds kLongestWait{60'000};  // what epoll_wait can be told, and more than enough

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
  posted_signal_.data = this;
  must(uv_async_init(&loop_, &posted_signal_,
                     [](uv_async_t* handle) { loop_of(handle).run_posted(); }),
       "an event loop's wake-up");
  // Level-triggered: what one turn of libuv leaves, the next one finds.
  must(-poller_.add(uv_backend_fd(&loop_), libuv_, EPOLLIN), "an event loop's wake-up");
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

void Loop::run() {
  stopped_ = false;
  while (!stopped_) {
    const auto wait = longest_wait();
    turn(wait ? static_cast<int>(std::min(*wait, kLongestWait).count()) : -1);
  }
}

void Loop::stop() {
  post([this] { stopped_ = true; });
}

std::optional<milliseconds> Loop::longest_wait() const {
  if (poller_.has_scheduled()) return milliseconds(0);
  // Zero also while libuv has handles to open or to close: it does so in a turn of its own.
  const int of_libuv = uv_backend_timeout(&loop_);
  std::optional<milliseconds> wait;
  if (of_libuv >= 0) wait = milliseconds(of_libuv);
  const auto due = wheel_.next();
  // Whoever moves the clock by hand turns the loop, too.
  if (!due || (hand_ != nullptr && *due > time())) return wait;
  const milliseconds left = std::max(*due - time(), milliseconds(0));
  return wait ? std::min(*wait, left) : left;
}

void Loop::turn(int longest) {
  const bool more = poller_.wait(longest);
  turns_.begin(uv_hrtime());
  uv_update_time(&loop_);
  wheel_.set_now(time());
  serve_sockets(more);
  if (uv_backend_timeout(&loop_) == 0) uv_run(&loop_, UV_RUN_NOWAIT);
  end_turn();
  const std::string line = turns_.end(uv_hrtime());
  if (!line.empty()) log::say(log::Level::warning, line);
}

// A batch, then another while the batches come full: bounded, so that timers and posts are not
// starved.
void Loop::serve_sockets(bool more) {
  poller_.dispatch();
  for (int batch = 1; more && batch < kMaxBatches; ++batch) {
    retirement_.clear();
    more = poller_.wait(0);
    poller_.dispatch();
  }
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
  measured(TurnClock::Part::posted, [&tasks] {
    for (const auto& task : tasks) task();
  });
}

template <class Work>
void Loop::measured(TurnClock::Part part, Work work) {
  const uint64_t began = uv_hrtime();
  work();
  turns_.spent(part, uv_hrtime() - began);
}

void Loop::end_turn() {
  const milliseconds now = time();
  const auto due = wheel_.next();
  if (due && *due <= now) measured(TurnClock::Part::deadlines, [&] { wheel_.advance(now); });
  if (poller_.has_scheduled())
    measured(TurnClock::Part::scheduled, [this] { poller_.run_scheduled(); });
  if (!retirement_.empty()) measured(TurnClock::Part::retired, [this] { retirement_.clear(); });
}

}  // namespace gateway::net
