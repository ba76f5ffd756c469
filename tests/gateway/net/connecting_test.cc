// Acceptor and Dialer over loopback.
#include <cerrno>
#include <fstream>
#include <memory>
#include <net/if.h>
#include <optional>
#include <sched.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/net/acceptor.h"
#include "gateway/net/dialer.h"
#include "gateway/net/source_addresses.h"
#include "tests/support/loop_stage.h"

using namespace tests;
using namespace gateway::net;

namespace {

struct Dial final : Dialer::Handler {
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

}  // namespace

TEST_CASE("dialer: connects, and its stream carries both ways") {
  LoopStage stage;
  const RawListener listener;
  Dial dialed;
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
  Dial dialed;
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
  Dial dialed;
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
  Dial dialed;
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
  Dial dialed;
  { const Dialer dialer(stage.loop, listener.address(), dialed); }
  stage.settle();
  CHECK(dialed.stream == nullptr);
  CHECK(dialed.failures == 0);
}

TEST_CASE("dialer: connects from the sources in turn, and from any where there is none") {
  LoopStage stage;
  const RawListener listener;
  SourceAddresses sources({*Address::parse("127.0.0.2", 99), *Address::parse("127.0.0.3", 0)});
  SourceAddresses other_family({*Address::parse("::1", 0)});
  std::vector<std::string> hosts;
  for (SourceAddresses* from : {&sources, &sources, &sources, &other_family}) {
    Dial dialed;
    const Dialer dialer(stage.loop, listener.address(), dialed, from);
    REQUIRE(stage.run_until([&] { return dialed.stream != nullptr; }));
    const UniqueFd accepted = listener.accept();
    hosts.push_back(Address::peer_of(accepted.get())->host());
  }
  CHECK(hosts == std::vector<std::string>{"127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.1"});
}

TEST_CASE("dialer: a source that is not this machine's is passed over, and told when it is alone") {
  LoopStage stage;
  const RawListener listener;
  SourceAddresses mixed({*Address::parse("203.0.113.1", 0), *Address::parse("127.0.0.3", 0)});
  SourceAddresses foreign({*Address::parse("203.0.113.1", 0), *Address::parse("203.0.113.2", 0)});
  Dial dialed;
  const Dialer good(stage.loop, listener.address(), dialed, &mixed);
  REQUIRE(stage.run_until([&] { return dialed.stream != nullptr; }));
  const Dialer bad(stage.loop, listener.address(), dialed, &foreign);
  REQUIRE(stage.run_until([&] { return dialed.failures == 1; }));
  CHECK(dialed.error.code == -EADDRNOTAVAIL);
  CHECK(dialed.error.doing == IoError::Doing::connecting);
}

TEST_CASE("source addresses: one without a free port rests for its destination alone") {
  SourceAddresses sources({*Address::parse("127.0.0.2", 0), *Address::parse("127.0.0.3", 0)});
  const Address first = *Address::parse("127.0.0.1", 80);
  const Address second = *Address::parse("127.0.0.1", 81);
  const milliseconds now(5);
  const Address* source = sources.next(first, now);
  sources.exhausted(*source, first, now);
  for (int i = 0; i < 3; ++i) CHECK(sources.next(first, now)->host() == "127.0.0.3");
  sources.exhausted(*sources.next(first, now), first, now);
  CHECK(sources.next(first, now) == nullptr);
  CHECK(sources.next(second, now) != nullptr);
  CHECK(sources.next(first, now + SourceAddresses::kRest) != nullptr);
  CHECK(sources.next(*Address::parse("::1", 80), now) == nullptr);
}

namespace {

// In a network of its own with so many ports, where the kernel lets us; the machine's stays as it
// is. The child's exit code says at which step it failed, 0: at none, 77: it may not.
int exhaust_ports_in_child() {
  const pid_t child = ::fork();
  if (child != 0) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
  }
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) ::_exit(77);
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM, 0));
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP;
  if (::ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) ::_exit(77);
  if (!(std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << "40000 40009\n").flush())
    ::_exit(77);
  LoopStage stage;
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM, 0));
  const Address server = *Address::parse("127.0.0.1", 7000);
  if (::bind(listener.get(), server.get(), server.size()) != 0) ::_exit(1);
  if (::listen(listener.get(), 100) != 0) ::_exit(2);
  SourceAddresses sources({*Address::parse("127.0.0.2", 0), *Address::parse("127.0.0.3", 0)});
  std::vector<std::unique_ptr<TcpStream>> streams;
  Dial dialed;
  // Ten ports from each of the two.
  for (int i = 0; i < 20; ++i) {
    const Dialer dialer(stage.loop, server, dialed, &sources);
    if (!stage.run_until([&] { return dialed.stream != nullptr || dialed.failures > 0; }))
      ::_exit(3);
    if (dialed.stream == nullptr) ::_exit(4);
    streams.push_back(std::move(dialed.stream));
  }
  const Dialer dialer(stage.loop, server, dialed, &sources);
  if (!stage.run_until([&] { return dialed.failures > 0; })) ::_exit(5);
  if (dialed.error.code != -EADDRNOTAVAIL) ::_exit(6);
  if (sources.next(server, stage.loop.now()) != nullptr) ::_exit(7);
  ::_exit(0);
}

}  // namespace

TEST_CASE(
    "dialer: goes on to the next source when one has no port left, and fails after the last") {
  const int outcome = exhaust_ports_in_child();
  if (outcome == 77) {
    MESSAGE("the kernel gives us no network of our own: not tested");
  } else {
    CHECK(outcome == 0);
  }
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

TEST_CASE("UP1 acceptor: a duplicate of its socket tells it nothing after its end") {
  LoopStage stage;
  std::vector<UniqueFd> listeners;
  REQUIRE_FALSE(open_listeners(*Address::parse("127.0.0.1", 0), 1, false, listeners).has_value());
  const Address address = *Address::local_of(listeners[0].get());
  const UniqueFd duplicate(::dup(listeners[0].get()));
  Accepted accepted;
  std::optional<Acceptor> acceptor(std::in_place, stage.loop, std::move(listeners[0]), accepted);
  acceptor.reset();
  const RawPeer client = connect_to(address);
  REQUIRE(client);
  stage.settle();
  CHECK(accepted.sockets.empty());
  // The set knows nothing of it any more: it may be added again.
  struct Nobody final : Poller::Watched {
    void on_ready(uint32_t) override {}
  } nobody;
  CHECK(stage.loop.poller().add(duplicate.get(), nobody, EPOLLIN) == 0);
  stage.loop.poller().remove(duplicate.get(), nobody);
}

TEST_CASE("acceptor: what waits is taken at its end, up to what a queue holds") {
  LoopStage stage;
  std::vector<UniqueFd> listeners;
  REQUIRE_FALSE(open_listeners(*Address::parse("127.0.0.1", 0), 1, false, listeners).has_value());
  const Address address = *Address::local_of(listeners[0].get());
  Accepted accepted;
  Acceptor acceptor(stage.loop, std::move(listeners[0]), accepted);
  std::vector<RawPeer> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(connect_to(address));
  acceptor.accept_waiting(3);
  CHECK(accepted.sockets.size() == 3);
  acceptor.accept_waiting();
  CHECK(accepted.sockets.size() == 5);
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
