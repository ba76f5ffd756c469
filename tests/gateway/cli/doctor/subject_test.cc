#include "gateway/cli/doctor/subject.h"

#include <doctest/doctest.h>

#include "tests/support/made_snapshot.h"

using namespace gateway::cli::doctor;
using gateway::config::Listener;

namespace {

struct Place {
  Place() {
    config.names = {"chat.example.com", "[2001:db8::7]"};
    tests::add_pool(snapshot, config);
    for (const std::string& name : config.names)
      snapshot.router.add(name, snapshot.domains.front());
    snapshot.document.files = {"weir.yaml"};
    add("web", {80});
    add("balanced", {81}).proxy_protocol.emplace();
    add("any", {0});
    add("streams", {0, 58888, 59888}).mode = Listener::Mode::first_available;
    add("secure", {443}).tls = true;
  }
  Listener& add(const char* name, std::vector<uint16_t> ports) {
    Listener& listener = snapshot.document.listeners.emplace_back();
    listener.name = name;
    listener.ports = std::move(ports);
    return listener;
  }
  void have_certificate() {
    auto& domain = const_cast<gateway::route::Domain&>(*snapshot.domains.front());
    domain.server_tls = {SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
  }
  std::vector<std::string> entrances() const {
    std::vector<std::string> names;
    const auto subject = subject_of(snapshot, "chat.example.com", {});
    REQUIRE(subject);
    for (const Entrance& one : subject->entrances) names.push_back(one.listener);
    return names;
  }

  gateway::config::Domain config;
  gateway::route::Snapshot snapshot;
};

std::string refused(std::string_view url, const Paths& paths = {}) {
  const auto subject = subject_of(url, paths);
  return subject ? std::string() : subject.error();
}

}  // namespace

TEST_CASE("subject: the ways in, first those that a browser takes first") {
  Place place;
  CHECK(place.entrances() == std::vector<std::string>{"web", "streams", "balanced"});
  place.have_certificate();
  CHECK(place.entrances() == std::vector<std::string>{"secure", "web", "streams", "balanced"});
}

TEST_CASE("subject: ports that the kernel chooses are in no file") {
  const Place place;
  const auto subject = subject_of(place.snapshot, "CHAT.example.com.", {});
  REQUIRE(subject);
  CHECK(subject->host == "chat.example.com");
  CHECK(subject->is_here());
  CHECK(subject->entrances[1].ports == std::vector<uint16_t>{58888, 59888});
  CHECK(subject->entrances[1].one_is_enough);
}

TEST_CASE("subject: an address is a name, too") {
  const Place place;
  const auto subject = subject_of(place.snapshot, "2001:db8:0::7", {});
  REQUIRE(subject);
  CHECK(subject->host_field(80, false) == "[2001:db8::7]");
  CHECK(subject->host_field(443, false) == "[2001:db8::7]:443");
  CHECK(subject->host_field(443, true) == "[2001:db8::7]");
}

TEST_CASE("subject: the WebSocket's path, by itself or where Socket.IO has it") {
  CHECK(subject_of("ws://a.test", {})->websocket == "/");
  CHECK(subject_of("ws://a.test/ws?a=1", {})->websocket == "/ws?a=1");
  const Paths socket_io{.websocket = {}, .socket_io = "/socket.io/"};
  CHECK(subject_of("ws://a.test/", socket_io)->websocket ==
        "/socket.io/?EIO=4&transport=websocket");
  CHECK(subject_of("ws://a.test/ws", socket_io)->websocket == "/ws");
  const Paths both{.websocket = "/b", .socket_io = "/socket.io/"};
  CHECK(subject_of("ws://a.test/ws", both)->websocket == "/b");
}

TEST_CASE("subject: a URL alone is another machine's") {
  const auto subject = subject_of("wss://Chat.Example.com/ws", {});
  REQUIRE(subject);
  CHECK_FALSE(subject->is_here());
  CHECK(subject->host == "chat.example.com");
  REQUIRE(subject->entrances.size() == 1);
  CHECK(subject->entrances[0].tls);
  CHECK(subject->entrances[0].ports == std::vector<uint16_t>{443});
  CHECK(subject_of("http://a.test:8080/", {})->entrances[0].ports == std::vector<uint16_t>{8080});
}

TEST_CASE("subject: what is none is said in words") {
  for (const char* bad : {"", "a.test", "//a.test/", "ftp://a.test/", "ws://", "ws://a b/"})
    CHECK(refused(bad) == "--url is one such as wss://chat.example.com/ws");
  for (const char* bad : {"", "ws", "/a b", "/a#b", "/a\r\nX: y"})
    CHECK(refused("ws://a.test/", {.websocket = bad, .socket_io = {}}) ==
          "--path is a path of a URL, such as /ws");
  CHECK(refused("ws://a.test/", {.websocket = {}, .socket_io = "/a?b"}) ==
        "--socket-io is a path of a URL, such as /socket.io/");
  const Place place;
  CHECK(subject_of(place.snapshot, "other.test", {}).error() ==
        "no domain has the name other.test: see names in weir.yaml and the files beside it");
}
