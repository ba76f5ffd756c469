// The signals of the process, on the control loop: HUP reload, USR1 reopen logs, TERM, INT and QUIT
// drain.
#pragma once

#include <array>

#include <uv.h>

#include "gateway/net/loop.h"

namespace gateway::server {

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

  // Throws std::system_error where the system refuses what it needs.
  Signals(net::Loop& loop, Handler& handler);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

 private:
  void close();

  Handler& handler_;
  std::array<uv_signal_t*, 5> signals_{};  // each frees itself when the loop has closed it
};

}  // namespace gateway::server
