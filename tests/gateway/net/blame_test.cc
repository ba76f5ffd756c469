#include "gateway/net/blame.h"

#include <cerrno>
#include <fcntl.h>
#include <string>

#include <doctest/doctest.h>

#include "gateway/net/dialer.h"
#include "tests/support/loop_stage.h"
#include "tests/support/no_descriptors.h"

using namespace tests;
using namespace gateway::net;
using gateway::outcome::Blame;

namespace {

// Until it ends the loop's set takes no descriptor: another file stands at its number.
class NoWatching {
 public:
  explicit NoWatching(const Poller& poller) : set_(poller.fd()), kept_(::dup(poller.fd())) {
    const UniqueFd other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    REQUIRE(::dup2(other.get(), set_) == set_);
  }
  NoWatching(const NoWatching&) = delete;
  NoWatching& operator=(const NoWatching&) = delete;
  ~NoWatching() { ::dup2(kept_.get(), set_); }

 private:
  int set_;
  UniqueFd kept_;
};

struct Dialed final : Dialer::Handler {
  void on_connected(std::unique_ptr<TcpStream> made) override { stream = std::move(made); }
  void on_dial_failed(const IoError& why) override {
    error = why;
    ++failures;
  }
  std::unique_ptr<TcpStream> stream;
  IoError error;
  int failures = 0;
};

}  // namespace

TEST_CASE("FX2 blame: each error is somebody's doing, with words of its own") {
  struct Row {
    int code;
    Blame begun;      // when a packet had gone out
    Blame not_begun;  // when connect() itself said so
    const char* remedy;
  };
  constexpr Row kRows[] = {
      {EMFILE, Blame::us, Blame::us, "LimitNOFILE"},
      {ENFILE, Blame::us, Blame::us, "fs.file-max"},
      {ENOMEM, Blame::us, Blame::us, "no memory"},
      {ENOBUFS, Blame::us, Blame::us, "tcp_mem"},
      {ENOSPC, Blame::us, Blame::us, "max_user_watches"},
      {EADDRNOTAVAIL, Blame::us, Blame::us, "ip_local_port_range"},
      {EPERM, Blame::server, Blame::network, "firewall"},
      {EACCES, Blame::server, Blame::network, "firewall"},
      {ENETUNREACH, Blame::server, Blame::network, "no route"},
      {EHOSTUNREACH, Blame::server, Blame::network, "no route"},
      {EAFNOSUPPORT, Blame::server, Blame::network, "switched off"},
      {EINVAL, Blame::server, Blame::network, ""},
      {ECONNREFUSED, Blame::server, Blame::network, ""},
  };
  for (const Row& row : kRows) {
    INFO(row.code);
    IoError error{.code = -row.code, .doing = IoError::Doing::connecting, .text = "text"};
    CHECK(blame_of(error, Blame::server) == row.begun);
    error.begun = false;
    CHECK(blame_of(error, Blame::server) == row.not_begun);
    CHECK(own_fault_text(error).starts_with("text: "));
    CHECK(own_fault_text(error).find(row.remedy) != std::string::npos);
  }
}

TEST_CASE("FX2 dialer: tells what failed on this machine from what the other side said") {
  LoopStage stage;
  Dialed closed;
  const Dialer refused(stage.loop, RawListener().address(), closed);
  REQUIRE(stage.run_until([&] { return closed.failures == 1; }));
  CHECK(blame_of(closed.error, Blame::server) == Blame::server);

  Dialed nowhere;
  const Dialer no_way(stage.loop, *Address::parse("255.255.255.255", 80), nowhere);
  REQUIRE(stage.run_until([&] { return nowhere.failures == 1; }));
  CHECK(blame_of(nowhere.error, Blame::server) == Blame::network);

  Dialed lacking;
  const RawListener listener;
  const NoDescriptors none;
  const Dialer lack(stage.loop, listener.address(), lacking);
  REQUIRE(stage.run_until([&] { return lacking.failures == 1; }));
  CHECK(blame_of(lacking.error, Blame::server) == Blame::us);
}

TEST_CASE("FY17 dialer: a connecting socket that epoll refuses is told at once, as ours") {
  LoopStage stage;
  const RawListener listener;
  Dialed dialed;
  std::optional<Dialer> dialer;
  {
    const NoWatching refused(stage.loop.poller());
    dialer.emplace(stage.loop, listener.address(), dialed);
  }
  CHECK(dialed.failures == 0);  // never from inside the call
  stage.settle();
  CHECK(dialed.failures == 1);
  CHECK(dialed.error.doing == IoError::Doing::connecting);
  CHECK_FALSE(dialed.error.begun);
  CHECK(blame_of(dialed.error, Blame::server) != Blame::server);
}

TEST_CASE("FY17 stream: a socket that epoll refuses fails at once, accepted or connecting") {
  for (const auto state : {TcpStream::State::connected, TcpStream::State::connecting}) {
    LoopStage stage;
    Connection connection = make_connection();
    Recorder told;
    std::optional<TcpStream> stream;
    {
      const NoWatching refused(stage.loop.poller());
      stream.emplace(stage.loop, std::move(connection.ours), state);
    }
    stream->start(told);
    stage.settle();
    CHECK(told.failures == 1);
    CHECK_FALSE(stream->congested());
  }
}
