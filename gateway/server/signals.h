// The signals of the process, on the control loop: HUP reload, USR1 reopen logs, TERM, INT and QUIT
// drain. None of them is lost or ends the process by surprise, however early or late it comes.
#pragma once

#include <array>

#include <uv.h>

#include "gateway/net/loop.h"

namespace gateway::server {

//  hold() ──▶ catch_stops() ──▶ Signals ──▶ let_go()
// Before hold() and after release() every signal does what the system does by default.
class Signals {
 public:
  class Handler {
   public:
    virtual void on_reload_signal() = 0;
    virtual void on_reopen_signal() = 0;
    virtual void on_stop_signal() = 0;  // the second one means "at once"

   protected:
    ~Handler() = default;
  };

  // First of all: whatever comes waits. The threads that are made meanwhile leave the signals to
  // this one.
  static void hold();
  // For a command that is no server.
  static void release();
  // While the process starts, which may take as long as its disk does: the first stop signal waits,
  // the second ends the process at once, with exit code 1.
  static void catch_stops();

  // Hands over what has been held, from the loop's next turn on.
  // Throws std::system_error where the system refuses what it needs.
  Signals(net::Loop& loop, Handler& handler);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  // When the loop has stopped for good: what was caught is still handed over, the next stop signal
  // ends the process by itself.
  void let_go();

 private:
  void close();

  net::Loop& loop_;
  Handler& handler_;
  std::array<uv_signal_t*, 5> signals_{};  // each frees itself when the loop has closed it
};

}  // namespace gateway::server
