// One thread's event loop: the Poller for sockets, libuv inside it for signals and posts, the wheel
// for deadlines, and the buffers that are lent to whoever has data.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <uv.h>

#include "gateway/net/deadline_wheel.h"
#include "gateway/net/poller.h"
#include "gateway/net/turn_clock.h"

namespace gateway::net {

// An object that may have to die inside a callback of its own: handed to retire(), it is deleted
// when the turn ends.
class Retirable {
 public:
  Retirable() = default;
  Retirable(const Retirable&) = delete;
  Retirable& operator=(const Retirable&) = delete;
  virtual ~Retirable() = default;
};

class Retirement {
 public:
  void add(std::unique_ptr<Retirable> one) { retired_.push_back(std::move(one)); }
  void clear();
  bool empty() const { return retired_.empty(); }

 private:
  std::vector<std::unique_ptr<Retirable>> retired_;
};

class Loop {
 public:
  // One read, and so the most that one direction of a session ever queues: its source is paused as
  // soon as anything is. Half of it costs 5 to 25 % more CPU per GB.
  static constexpr size_t kReadSize = size_t{128} * 1024;

  // `hand`: a clock that a test moves, in place of the monotonic one; outlives the loop.
  // Throws std::system_error where the system refuses what it needs: there is no work without it.
  explicit Loop(const milliseconds* hand = nullptr);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  void run();   // until stop()
  void stop();  // from any thread
  // One turn of run(), which waits for nothing: what is ready, due or posted by now happens. Not
  // from inside a callback.
  void turn() { turn(0); }
  // How long run() would wait for its sockets; nothing: without end.
  std::optional<milliseconds> longest_wait() const;

  // Runs the task on the loop's thread, in the order of the posts. From any thread; after run() has
  // ended: never.
  void post(std::function<void()> task);

  // Milliseconds of the monotonic clock, as of the start of this turn.
  milliseconds now() const { return wheel_.now(); }

  Poller& poller() { return poller_; }
  DeadlineWheel& wheel() { return wheel_; }
  void retire(std::unique_ptr<Retirable> one) { retirement_.add(std::move(one)); }
  Retirement& retirement() { return retirement_; }
  uv_loop_t* uv() { return &loop_; }

  // Lent for the length of one call: what a socket was read into, and what TLS made of it.
  std::span<uint8_t> read_buffer() { return {read_buffer_.get(), kReadSize}; }
  std::span<uint8_t> plain_buffer() { return {plain_buffer_.get(), kReadSize}; }
  std::string& record_buffer() { return record_buffer_; }  // TLS records on their way out

  // How long others have to wait.
  TurnClock& turns() { return turns_; }
  const TurnClock& turns() const { return turns_; }

 private:
  // libuv's set of descriptors as a member of ours.
  class Libuv final : public Poller::Watched {
   public:
    explicit Libuv(uv_loop_t& loop) : loop_(loop) {}
    void on_ready(uint32_t) override { uv_run(&loop_, UV_RUN_NOWAIT); }

   private:
    uv_loop_t& loop_;
  };

  milliseconds time() const;
  void open_handles();
  void close_handles();
  void turn(int longest);  // the wait for sockets, in milliseconds; negative: without end
  template <class Work>
  void measured(TurnClock::Part part, Work work);
  void serve_sockets(bool more);
  void end_turn();
  void run_posted();

  const milliseconds* hand_;
  bool stopped_ = false;
  uv_loop_t loop_{};
  uv_async_t posted_signal_{};
  Libuv libuv_{loop_};

  Poller poller_;
  DeadlineWheel wheel_;
  Retirement retirement_;
  std::unique_ptr<uint8_t[]> read_buffer_;
  std::unique_ptr<uint8_t[]> plain_buffer_;
  std::string record_buffer_;

  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
  TurnClock turns_;
};

}  // namespace gateway::net
