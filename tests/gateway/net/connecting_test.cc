// Acceptor, Dialer and Resolver over loopback.
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <sys/resource.h>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/net/acceptor.h"
#include "gateway/net/dialer.h"
#include "gateway/net/resolver.h"
#include "tests/support/loop_stage.h"

using namespace tests;
using namespace gateway::net;

namespace {

struct Dialed final : Dialer::Handler {
  void on_connected(std::unique_ptr<TcpStream> made) override {
    stream = std::move(made);
    if (hook) hook();
  }
  void on_dial_failed(const IoError& why) override {
    error = why;
    ++failures;
    if (hook) hook();
  }
  std::unique_ptr<TcpStream> stream;
  IoError error;
  int failures = 0;
  std::function<void()> hook;
};

struct Accepted final : Acceptor::Handler {
  void on_accepted(UniqueFd fd, const Address& peer) override {
    sockets.push_back(std::move(fd));
    peers.push_back(peer);
  }
  void on_accept_failed(int why) override { error = why; }
  std::vector<UniqueFd> sockets;
  std::vector<Address> peers;
  int error = 0;
};

// Keeps libuv's pool of four threads busy, as a name server does that never answers.
class BusyPool {
 public:
  BusyPool() {
    uv_loop_init(&loop_);
    for (uv_work_t& work : works_) {
      work.data = this;
      uv_queue_work(
          &loop_, &work, [](uv_work_t* one) { static_cast<BusyPool*>(one->data)->wait(); },
          [](uv_work_t*, int) {});
    }
  }
  BusyPool(const BusyPool&) = delete;
  BusyPool& operator=(const BusyPool&) = delete;
  ~BusyPool() {
    release();
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  bool gave_up() const { return gave_up_; }  // somebody waited for the pool until it lost patience

 private:
  void wait() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(5), [this] { return released_; }))
      gave_up_ = true;
  }
  uv_loop_t loop_{};
  std::array<uv_work_t, 4> works_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
  std::atomic<bool> gave_up_{false};
};

}  // namespace

TEST_CASE("dialer: connects, and its stream carries both ways") {
  LoopStage stage;
  const RawListener listener;
  Dialed dialed;
  auto dialer = std::make_unique<Dialer>(stage.loop, listener.address(), dialed);
  dialed.hook = [&] { dialer.reset(); };
  CHECK(dialed.stream == nullptr);  // never from inside the call
  REQUIRE(stage.run_until([&] { return dialed.stream != nullptr; }));
  RawPeer peer(listener.accept());
  Recorder told;
  dialed.stream->start(told);
  dialed.stream->write(proto::bytes_of("ping"));
  peer.send("pong");
  REQUIRE(stage.run_until([&] { return told.data == "pong"; }));
  peer.read();
  CHECK(peer.received == "ping");
  CHECK(told.drains == 0);
}

TEST_CASE("dialer: a refused connection is told in words, once, and not from inside the call") {
  LoopStage stage;
  Address closed;
  {
    const RawListener listener;
    closed = listener.address();
  }
  Dialed dialed;
  auto dialer = std::make_unique<Dialer>(stage.loop, closed, dialed);
  CHECK(dialed.failures == 0);
  dialed.hook = [&] { dialer.reset(); };
  REQUIRE(stage.run_until([&] { return dialed.failures == 1; }));
  CHECK(dialed.error.code == UV_ECONNREFUSED);
  CHECK(dialed.error.text == "connection refused");
  CHECK(dialed.error.doing == IoError::Doing::connecting);
  stage.settle();
  CHECK(dialed.failures == 1);
}

TEST_CASE("dialer: what cannot even begin is told by the loop") {
  LoopStage stage;
  Dialed dialed;
  // Broadcast is no TCP peer: connect() itself refuses.
  const Dialer dialer(stage.loop, *Address::parse("255.255.255.255", 80), dialed);
  CHECK(dialed.failures == 0);
  REQUIRE(stage.run_until([&] { return dialed.failures == 1; }));
  CHECK(dialed.error.doing == IoError::Doing::connecting);
  CHECK_FALSE(dialed.error.text.empty());
}

TEST_CASE("dialer: having no descriptor left is told at once, in the system's words") {
  LoopStage stage;
  const RawListener listener;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  Dialed dialed;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const Dialer dialer(stage.loop, listener.address(), dialed);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE(stage.run_until([&] { return dialed.failures == 1; }));
  CHECK(dialed.error.code == UV_EMFILE);
  CHECK(dialed.error.doing == IoError::Doing::connecting);
}

TEST_CASE("dialer: destroying it gives up in silence") {
  LoopStage stage;
  const RawListener listener;
  Dialed dialed;
  { const Dialer dialer(stage.loop, listener.address(), dialed); }
  stage.settle();
  CHECK(dialed.stream == nullptr);
  CHECK(dialed.failures == 0);
}

TEST_CASE("acceptor: hands over every connection with its peer's address") {
  LoopStage stage;
  std::vector<UniqueFd> listeners;
  REQUIRE_FALSE(open_listeners(*Address::parse("127.0.0.1", 0), 1, false, listeners).has_value());
  const Address address = *Address::local_of(listeners[0].get());
  CHECK(address.port() != 0);
  Accepted accepted;
  const Acceptor acceptor(stage.loop, std::move(listeners[0]), accepted);
  std::vector<RawPeer> peers;
  for (int i = 0; i < 200; ++i) peers.push_back(connect_to(address));
  REQUIRE(stage.run_until([&] { return accepted.sockets.size() == peers.size(); }));
  CHECK(accepted.peers[0] == *Address::local_of(peers[0].fd()));
  CHECK(accepted.error == 0);
}

TEST_CASE("acceptor: takes what waits before it is closed") {
  LoopStage stage;
  std::vector<UniqueFd> listeners;
  REQUIRE_FALSE(open_listeners(*Address::parse("127.0.0.1", 0), 1, false, listeners).has_value());
  const Address address = *Address::local_of(listeners[0].get());
  Accepted accepted;
  Acceptor acceptor(stage.loop, std::move(listeners[0]), accepted);
  const RawPeer first = connect_to(address);
  const RawPeer second = connect_to(address);
  acceptor.accept_waiting();
  CHECK(accepted.sockets.size() == 2);
}

TEST_CASE("acceptor: several descriptors share one chosen port") {
  std::vector<UniqueFd> listeners;
  REQUIRE_FALSE(open_listeners(*Address::parse("127.0.0.1", 0), 3, false, listeners).has_value());
  REQUIRE(listeners.size() == 3);
  CHECK(*Address::local_of(listeners[0].get()) == *Address::local_of(listeners[1].get()));
  CHECK(*Address::local_of(listeners[0].get()) == *Address::local_of(listeners[2].get()));
}

TEST_CASE("acceptor: a port that somebody listens on is an error, even with SO_REUSEPORT") {
  std::vector<UniqueFd> first;
  REQUIRE_FALSE(open_listeners(*Address::parse("127.0.0.1", 0), 1, false, first).has_value());
  const Address taken = *Address::local_of(first[0].get());
  std::vector<UniqueFd> second;
  const auto error = open_listeners(taken, 2, false, second);
  REQUIRE(error.has_value());
  CHECK(error->error == EADDRINUSE);
  CHECK_FALSE(error->text.empty());
  CHECK(second.empty());
  CHECK_FALSE(open_listeners(taken, 1, true, second).has_value());
}

TEST_CASE("resolver: answers from the loop, and a storm asks once") {
  LoopStage stage;
  Resolver resolver(stage.loop);
  std::vector<std::unique_ptr<Resolver::Query>> queries;
  int answers = 0;
  for (int i = 0; i < 50; ++i) {
    queries.push_back(resolver.resolve("localhost", [&](const Resolver::Answer& answer) {
      CHECK_FALSE(answer.addresses.empty());
      ++answers;
    }));
  }
  CHECK(answers == 0);
  REQUIRE(stage.run_until([&] { return answers == 50; }));
  // Known now: still not from inside the call.
  queries.push_back(resolver.resolve("localhost", [&](const Resolver::Answer&) { ++answers; }));
  CHECK(answers == 50);
  REQUIRE(stage.run_until([&] { return answers == 51; }));
}

TEST_CASE("resolver: a name that is too long fails without a look-up") {
  LoopStage stage;
  Resolver resolver(stage.loop);
  std::string error;
  const auto query = resolver.resolve(
      std::string(254, 'a'), [&](const Resolver::Answer& answer) { error = answer.error; });
  REQUIRE(stage.run_until([&] { return !error.empty(); }));
  CHECK(error == "name is longer than 253 bytes");
}

TEST_CASE("resolver: a query that is destroyed hears nothing, from inside another's answer, too") {
  LoopStage stage;
  Resolver resolver(stage.loop);
  int answers = 0;
  std::unique_ptr<Resolver::Query> second;
  auto unwanted = resolver.resolve("localhost", [&](const Resolver::Answer&) { answers += 100; });
  auto first = resolver.resolve("localhost", [&](const Resolver::Answer&) {
    ++answers;
    second.reset();
  });
  second = resolver.resolve("localhost", [&](const Resolver::Answer&) { answers += 10; });
  unwanted.reset();
  REQUIRE(stage.run_until([&] { return answers > 0; }));
  stage.settle();
  CHECK(answers == 1);
}

TEST_CASE("resolver: may be destroyed with look-ups under way") {
  LoopStage stage;
  auto resolver = std::make_unique<Resolver>(stage.loop);
  int answers = 0;
  const auto running = resolver->resolve("localhost", [&](const Resolver::Answer&) { ++answers; });
  const auto posted =
      resolver->resolve(std::string(300, 'a'), [&](const Resolver::Answer&) { ++answers; });
  resolver.reset();
  stage.settle();
  CHECK(answers == 0);
}

TEST_CASE("resolver: a look-up that waits for a thread does not hold up the end") {
  BusyPool pool;
  {
    LoopStage stage;
    Resolver resolver(stage.loop);
    const auto query = resolver.resolve("localhost", [](const Resolver::Answer&) {});
  }
  CHECK_FALSE(pool.gave_up());
}
