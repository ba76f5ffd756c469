#include "gateway/server/ports.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/server/port_owner.h"
#include "tests/support/folder.h"
#include "tests/support/loop_stage.h"

using namespace tests;
using gateway::config::Listener;
using gateway::server::port_owner;
using gateway::server::Ports;

namespace {

Listener listener(std::vector<uint16_t> ports, Listener::Mode mode = Listener::Mode::all) {
  Listener made;
  made.name = "web";
  made.address = "127.0.0.1";
  made.ports = std::move(ports);
  made.mode = mode;
  return made;
}

uint16_t free_port() { return RawListener().address().port(); }
std::string own_pid() { return "(pid " + std::to_string(::getpid()) + ")"; }

// What is left open has its descriptors in the hand of the test, as workers would have them.
std::vector<gateway::server::Port> carry_out(Ports& ports, Ports::Change& change) {
  REQUIRE(change.errors.empty());
  ports.commit(change);
  return std::move(change.opened);
}

}  // namespace

TEST_CASE("port owner: names the process that listens, by name and pid") {
  const RawListener taken;
  const std::string owner = port_owner(taken.address().port());
  CHECK(owner.ends_with(" " + own_pid()));
  CHECK(owner.size() > own_pid().size() + 1);
}

TEST_CASE("port owner: nobody listens, or somebody is only connected") {
  uint16_t port = 0;
  RawPeer peer;
  {
    const RawListener taken;
    port = taken.address().port();
    peer = connect_to(taken.address());
  }
  CHECK(port_owner(port).empty());
}

TEST_CASE("port owner: who listens, and which files it has open") {
  const RawListener taken;
  const auto holders = gateway::server::port_holders(taken.address().port());
  CHECK(holders.any);
  REQUIRE(holders.known.size() == 1);
  const auto& own = holders.known.front();
  CHECK(own.pid == std::to_string(::getpid()));
  const tests::Folder folder;
  const std::string file = folder.write("held", "");
  CHECK_FALSE(own.has_open(file));
  CHECK_FALSE(own.has_open(folder.file("nowhere")));
  const std::ifstream held(file);
  CHECK(own.has_open(file));
}

TEST_CASE("ports: each worker has a descriptor of its own for the same port") {
  Ports ports(3);
  auto change = ports.plan({listener({0})});
  REQUIRE(change.errors.empty());
  REQUIRE(change.opened.size() == 1);
  const auto& port = change.opened[0];
  CHECK(port.address.port() != 0);
  REQUIRE(port.fds.size() == 3);
  for (const auto& fd : port.fds) {
    CHECK(gateway::net::Address::local_of(fd.get()) == port.address);
  }
  CHECK(connect_to(port.address));
  CHECK(ports.open().empty());
  ports.commit(change);
  REQUIRE(ports.open().size() == 1);
  CHECK(ports.open().begin()->second.address == port.address);
  CHECK(ports.open().begin()->second.fds.empty());
}

TEST_CASE("ports: port 0 twice is two ports, and both stay with a reload") {
  Ports ports(1);
  auto first = ports.plan({listener({0, 0})});
  REQUIRE(first.opened.size() == 2);
  CHECK(first.opened[0].address.port() != first.opened[1].address.port());
  const auto held = carry_out(ports, first);
  const auto again = ports.plan({listener({0, 0})});
  CHECK(again.errors.empty());
  CHECK(again.opened.empty());
  CHECK(again.closed.empty());
}

TEST_CASE("ports: a reload keeps what is open, opens what is new and closes what is gone") {
  Ports ports(1);
  const uint16_t kept = free_port();
  uint16_t gone = free_port();
  uint16_t added = free_port();
  auto first = ports.plan({listener({kept, gone})});
  const auto held = carry_out(ports, first);
  auto second = ports.plan({listener({kept, added})});
  REQUIRE(second.errors.empty());
  REQUIRE(second.opened.size() == 1);
  CHECK(second.opened[0].address.port() == added);
  REQUIRE(second.closed.size() == 1);
  CHECK(second.closed[0].find(std::to_string(gone)) != std::string::npos);
  ports.commit(second);
  CHECK(ports.open().size() == 2);
}

TEST_CASE("ports: a port that changes to TLS is opened again while the old one is still open") {
  Ports ports(1);
  const uint16_t port = free_port();
  auto first = ports.plan({listener({port})});
  const auto held = carry_out(ports, first);
  Listener secure = listener({port});
  secure.tls = true;
  const auto second = ports.plan({secure});
  CHECK(second.errors.empty());
  REQUIRE(second.opened.size() == 1);
  CHECK(second.opened[0].tls);
  CHECK(second.closed.size() == 1);
}

TEST_CASE("ports: a taken port names its owner, and nothing is to be changed") {
  const RawListener taken;
  Ports ports(1);
  const auto change = ports.plan({listener({0, taken.address().port()})});
  REQUIRE(change.errors.size() == 1);
  const std::string& error = change.errors[0];
  CHECK(error.starts_with("listener web: " + taken.address().to_string() + ": "));
  CHECK(error.find(", by ") != std::string::npos);
  CHECK(error.ends_with(own_pid()));
  CHECK(ports.open().empty());
}

TEST_CASE("ports: an address that is none of this machine's, and one that is no address") {
  Ports ports(1);
  Listener elsewhere = listener({free_port()});
  elsewhere.address = "192.0.2.1";
  const auto first = ports.plan({elsewhere});
  REQUIRE(first.errors.size() == 1);
  CHECK(first.errors[0].ends_with("; no interface of this machine has that address"));
  elsewhere.address = "localhost";
  const auto second = ports.plan({elsewhere});
  REQUIRE(second.errors.size() == 1);
  CHECK(second.errors[0] == "localhost is not an IP address");
}

TEST_CASE("ports: first_available takes the first that is free, and stays with it") {
  constexpr auto kFirst = Listener::Mode::first_available;
  uint16_t taken_port = 0;
  const uint16_t other = free_port();
  Ports ports(1);
  std::vector<gateway::server::Port> held;
  {
    const RawListener taken;
    taken_port = taken.address().port();
    auto change = ports.plan({listener({taken_port, other}, kFirst)});
    REQUIRE(change.opened.size() == 1);
    CHECK(change.opened[0].address.port() == other);
    held = carry_out(ports, change);
  }
  // The first one is free by now: no reason to move the clients.
  const auto again = ports.plan({listener({taken_port, other}, kFirst)});
  CHECK(again.errors.empty());
  CHECK(again.opened.empty());
  CHECK(again.closed.empty());
  const auto without = ports.plan({listener({taken_port}, kFirst)});
  REQUIRE(without.opened.size() == 1);
  CHECK(without.opened[0].address.port() == taken_port);
  CHECK(without.closed.size() == 1);
}

TEST_CASE("ports: first_available with none free lists every reason") {
  const RawListener first;
  const RawListener second;
  Ports ports(1);
  const auto change = ports.plan({listener({first.address().port(), second.address().port()},
                                           Listener::Mode::first_available)});
  REQUIRE(change.errors.size() == 3);
  CHECK(change.errors[0] == "listener web: none of its ports can be opened, each for a reason:");
  CHECK(change.errors[1].find(first.address().to_string()) != std::string::npos);
  CHECK(change.errors[2].find(second.address().to_string()) != std::string::npos);
  CHECK(change.opened.empty());
}
