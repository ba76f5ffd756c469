#include "gateway/server/signals.h"

#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <doctest/doctest.h>

#include "gateway/server/exit_watch.h"

using gateway::server::ExitWatch;
using gateway::server::Signals;
using std::chrono::milliseconds;

namespace {

// Masks, handlers and the end of a process are tried in one of its own: "exit 0", "signal 15".
std::string in_child(const std::function<int()>& what) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(what());
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit " + std::to_string(WEXITSTATUS(status));
}

struct Told final : Signals::Handler {
  explicit Told(gateway::net::Loop& its) : loop(its) {}
  void on_reload_signal() override { note('H'); }
  void on_reopen_signal() override { note('U'); }
  void on_stop_signal() override { note('T'); }
  void note(char name) {
    all += name;
    if (all.size() >= wanted) loop.stop();
  }

  gateway::net::Loop& loop;
  std::string all;
  size_t wanted = 1;
};

bool has(const std::string& text, char name) { return text.find(name) != std::string::npos; }

}  // namespace

TEST_CASE("FY34 signals: what comes before anybody can handle it waits, and is handled then") {
  CHECK(in_child([] {
          Signals::hold();
          for (const int number : {SIGHUP, SIGUSR1, SIGTERM}) ::kill(::getpid(), number);
          Signals::catch_stops();
          gateway::net::Loop loop;
          Told told(loop);
          told.wanted = 3;
          const Signals signals(loop, told);
          loop.run();
          return has(told.all, 'H') && has(told.all, 'U') && has(told.all, 'T') ? 0 : 3;
        }) == "exit 0");
}

TEST_CASE("FY34 signals: a command that is no server ends by a signal that came early") {
  CHECK(in_child([] {
          Signals::hold();
          ::kill(::getpid(), SIGHUP);
          Signals::release();
          return 0;
        }) == "signal " + std::to_string(SIGHUP));
}

TEST_CASE("FX5 signals: the second stop signal ends a start that does not come to its end") {
  CHECK(in_child([] {
          Signals::hold();
          Signals::catch_stops();
          ::kill(::getpid(), SIGTERM);
          ::kill(::getpid(), SIGTERM);
          return 0;
        }) == "exit 1");
}

TEST_CASE("FX5 signals: once the loop is over the next stop signal ends the process by itself") {
  CHECK(in_child([] {
          gateway::net::Loop loop;
          Told told(loop);
          Signals signals(loop, told);
          ::kill(::getpid(), SIGTERM);
          signals.let_go();  // hands over the one that was caught
          if (told.all != "T") return 3;
          ::kill(::getpid(), SIGTERM);
          return 0;
        }) == "signal " + std::to_string(SIGTERM));
}

TEST_CASE(
    "FX5 exit watch: a process that does not come to its end is ended, others are left alone") {
  CHECK(in_child([] {
          ExitWatch watch(milliseconds{1});
          watch.at("nothing");
          while (true) ::pause();
          return 0;
        }) == "exit 1");
  CHECK(in_child([] {
          { ExitWatch watch(std::chrono::minutes{10}); }
          return 0;
        }) == "exit 0");
}
