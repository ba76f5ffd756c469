#include <linux/sockios.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>

#include <doctest/doctest.h>

#include "tests/support/edge_stage.h"
#include "tests/support/frames.h"

using namespace tests;
using proto::ws::Opcode;

TEST_CASE("client early: a flood before the 101 is not read beyond a cap, and all of it comes") {
  EdgeStage stage;
  RawPeer client = stage.client(upgrade_request());
  RawPeer origin = stage.asked();
  const std::string frame = as_text(from_client(Opcode::binary, std::string(60'000, 'f')));
  std::string flood;
  for (int i = 0; i < 200; ++i) flood += frame;  // 12 MB: more than the kernel holds
  size_t sent = 0;
  const auto push = [&] {
    size_t more = 0;
    do {
      more = client.send(std::string_view(flood).substr(sent));
      sent += more;
      stage.stage.settle();
    } while (more > 0);
  };
  push();
  CHECK(sent < flood.size());
  CHECK(stage.clients.size() == 1);
  origin.send(switching_answer(origin.received));
  const size_t head = origin.received.size();
  CHECK(stage.until([&] {
    sent += client.send(std::string_view(flood).substr(sent));
    origin.read();
    return origin.received.size() == head + flood.size();
  }));
  CHECK(body_of(origin.received) == flood);
}

namespace {

// What lies in the kernel on its way from that client: not sent yet, or unread at the other end of
// the connection, which this process holds.
size_t unread_of(const RawPeer& client) {
  int unsent = 0;
  REQUIRE(::ioctl(client.fd(), SIOCOUTQNSD, &unsent) == 0);
  const auto ours = gateway::net::Address::local_of(client.fd());
  for (int fd = 3; fd < 1024; ++fd) {
    const auto peer = gateway::net::Address::peer_of(fd);
    int unread = 0;
    if (peer && *peer == *ours && ::ioctl(fd, FIONREAD, &unread) == 0)
      return static_cast<size_t>(unread + unsent);
  }
  FAIL("the other end is not there");
  return 0;
}

}  // namespace

TEST_CASE("FX14 client early: what is glued to the request is kept up to the cap alone") {
  constexpr size_t kCap = size_t{16} * 1024;
  const std::string frame = as_text(from_client(Opcode::binary, std::string(60'000, 'f')));
  const std::string flood = frame + frame + frame + frame;
  for (const size_t at_once : {flood.size(), size_t{20'000}, size_t{100}}) {
    CAPTURE(at_once);
    EdgeStage stage;
    const std::string head = upgrade_request();
    RawPeer client = stage.client(head + flood.substr(0, at_once));
    RawPeer origin = stage.asked();
    size_t sent = head.size() + at_once + client.send(std::string_view(flood).substr(at_once));
    stage.stage.settle();
    CHECK(sent - unread_of(client) <= head.size() + kCap);
    // It has not only been left: as much as may be kept is.
    CHECK(sent - unread_of(client) > kCap / 2);
    origin.send(switching_answer(origin.received));
    const size_t asked = origin.received.size();
    CHECK(stage.until([&] {
      sent += client.send(std::string_view(flood).substr(sent - head.size()));
      origin.read();
      return origin.received.size() == asked + flood.size();
    }));
    CHECK(body_of(origin.received) == flood);
  }
}
