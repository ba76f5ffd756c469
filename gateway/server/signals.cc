#include "gateway/server/signals.h"

#include <csignal>
#include <system_error>
#include <utility>

namespace gateway::server {

Signals::Signals(net::Loop& loop, Handler& handler) : handler_(handler) {
  constexpr std::array<int, 5> kNumbers{SIGHUP, SIGUSR1, SIGTERM, SIGINT, SIGQUIT};
  for (size_t i = 0; i < signals_.size(); ++i) {
    signals_[i] = new uv_signal_t{};
    if (const int error = uv_signal_init(loop.uv(), signals_[i]); error < 0) {
      delete std::exchange(signals_[i], nullptr);
      close();
      throw std::system_error(-error, std::system_category(), "signals cannot be heard");
    }
    signals_[i]->data = this;
    uv_signal_start(
        signals_[i],
        [](uv_signal_t* handle, int number) {
          Handler& told = static_cast<Signals*>(handle->data)->handler_;
          if (number == SIGHUP) {
            told.on_reload_signal();
          } else if (number == SIGUSR1) {
            told.on_reopen_signal();
          } else {
            told.on_stop_signal();
          }
        },
        kNumbers[i]);
  }
}

Signals::~Signals() { close(); }

void Signals::close() {
  for (uv_signal_t* signal : signals_) {
    if (signal == nullptr) continue;
    uv_close(reinterpret_cast<uv_handle_t*>(signal),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_signal_t*>(handle); });
  }
}

}  // namespace gateway::server
