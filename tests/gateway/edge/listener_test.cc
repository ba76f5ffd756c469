#include "gateway/edge/listener.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/edge_stage.h"
#include "tests/support/folder.h"

using namespace tests;

TEST_CASE("listener: counts who comes and who is there") {
  EdgeStage stage;
  RawPeer first = stage.client();
  RawPeer second = stage.client();
  REQUIRE(stage.until([&] { return stage.clients.size() == 2; }));
  CHECK(stage.gate().accepted.value() == 2);
  CHECK(stage.gate().active.value() == 2);
  CHECK(stage.admission.held() == 2);
  first.close();
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  stage.stage.settle();
  CHECK(stage.gate().active.value() == 1);
  CHECK(stage.gate().accepted.value() == 2);
}

TEST_CASE("listener: beyond limits.max_connections a client is answered 503 at once") {
  EdgeStage stage;
  stage.admission.set_limit(1);
  RawPeer first = stage.client();
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  RawPeer second = stage.client();
  REQUIRE(stage.answered(second));
  CHECK(status_of(second.received) == 503);
  CHECK(body_of(second.received) == "limits.max_connections is reached on this node\n");
  CHECK(stage.gate().rejected[0].value() == 1);
  CHECK(stage.clients.size() == 1);
  // The place is given back.
  first.close();
  REQUIRE(stage.until([&] { return stage.admission.held() == 0; }));
  RawPeer third = stage.client();
  CHECK(stage.until([&] { return stage.clients.size() == 1; }));
}

TEST_CASE("FY15 listener: a TLS port without any certificate says that, and nothing of a limit") {
  AccessFile file;
  EdgeStage stage({}, &file.log());
  stage.admission.set_limit(1);
  RawPeer first = stage.tls_client();
  first.send("\x16\x03\x01");
  RawPeer second = stage.tls_client();
  for (RawPeer* client : {&first, &second}) {
    REQUIRE(stage.answered(*client));
    CHECK(client->error == 0);
    // The alert handshake_failure.
    CHECK(client->received == std::string("\x15\x03\x03\x00\x02\x02\x28", 7));
  }
  CHECK(stage.gate().rejected[0].value() == 0);
  CHECK(stage.gate().rejected[gateway::metrics::kNoCertificateRejection].value() == 2);
  CHECK(stage.clients.size() == 0);
  CHECK(stage.admission.held() == 0);
  const auto lines = file.lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["event"] == "refused");
  CHECK(lines[0]["close_cause"] == "no_certificate");
  CHECK(lines[0]["close_initiator"] == "gateway");
  CHECK(lines[0]["error"] ==
        "no domain has a certificate: give one domain tls: { certificate, key }");
  CHECK(lines[0]["client_ip"] == "127.0.0.1");
}

TEST_CASE("FY16 listener: with max_connections reached the 503 comes before no reset") {
  EdgeStage stage;
  stage.admission.set_limit(1);
  RawPeer first = stage.client();
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  RawPeer second = stage.client(upgrade_request());
  REQUIRE(stage.answered(second));
  CHECK(second.error == 0);
  CHECK(status_of(second.received) == 503);
}

TEST_CASE("FY16 listener: in its last moments it takes who is connected, and no SYN") {
  EdgeStage stage;
  RawPeer first = stage.client(upgrade_request({.version = "8"}));
  stage.take_no_more();
  const gateway::net::UniqueFd late(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  const gateway::net::Address at = stage.address();
  CHECK(::connect(late.get(), at.get(), at.size()) == -1);
  REQUIRE(stage.answered(first));
  CHECK(status_of(first.received) == 426);
  stage.stage.settle();
  CHECK(stage.gate().accepted.value() == 1);
  tcp_info info{};
  socklen_t size = sizeof info;
  REQUIRE(::getsockopt(late.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0);
  CHECK(info.tcpi_state == TCP_SYN_SENT);
}

TEST_CASE("listener: who is in the queue when it stops is still served") {
  EdgeStage stage;
  RawPeer first = stage.client();
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  std::vector<RawPeer> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(stage.client(upgrade_request({.version = "8"})));
  stage.stop_listening();
  for (RawPeer& client : waiting) {
    REQUIRE(stage.answered(client));
    CHECK(status_of(client.received) == 426);
  }
  CHECK_FALSE(stage.client());
}

TEST_CASE(
    "FY19 listener: who finds no room has a line in the log and a place in the figures, as any "
    "refusal") {
  AccessFile file;
  EdgeStage stage({}, &file.log());
  stage.admission.set_limit(1);
  RawPeer first = stage.client();
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  RawPeer second = stage.client();
  REQUIRE(stage.answered(second));
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  const LogLine& line = lines[0];
  CHECK(line["event"] == "refused");
  CHECK(line["domain"] == "_unmatched");
  CHECK(line["return_code"] == 503);
  CHECK(line["close_initiator"] == "gateway");
  CHECK(line["close_cause"] == "overload");
  CHECK(line["error"] == "limits.max_connections is reached on this node");
  CHECK(line["client_ip"] == "127.0.0.1");
  CHECK(line["response_size"] == second.received.size());
  stage.scribe.access = nullptr;
}
