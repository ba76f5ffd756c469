#include "gateway/server/signals.h"

#include <csignal>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace gateway::server {

namespace {

constexpr std::array<int, 3> kStops{SIGTERM, SIGINT, SIGQUIT};
constexpr std::array<int, 5> kNumbers{SIGHUP, SIGUSR1, SIGTERM, SIGINT, SIGQUIT};

volatile std::sig_atomic_t early_stops = 0;

void on_early_stop(int) {
  if (early_stops > 0) ::_exit(1);
  early_stops = 1;
}

template <size_t n>
void change_mask(int how, const std::array<int, n>& numbers) {
  sigset_t set{};
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  ::pthread_sigmask(how, &set, nullptr);
}

void on_stops(void (*action)(int)) {
  struct sigaction how {};
  how.sa_handler = action;
  how.sa_flags = SA_RESTART;
  for (const int number : kStops) ::sigaction(number, &how, nullptr);
}

}  // namespace

void Signals::hold() { change_mask(SIG_BLOCK, kNumbers); }

void Signals::release() { change_mask(SIG_UNBLOCK, kNumbers); }

void Signals::catch_stops() {
  early_stops = 0;
  on_stops(on_early_stop);
  change_mask(SIG_UNBLOCK, kStops);
}

Signals::Signals(net::Loop& loop, Handler& handler) : loop_(loop), handler_(handler) {
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
  change_mask(SIG_UNBLOCK, kNumbers);
  if (early_stops == 0) return;
  early_stops = 0;
  loop.post([this] { handler_.on_stop_signal(); });
}

void Signals::let_go() {
  on_stops(SIG_DFL);
  loop_.turn();
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
