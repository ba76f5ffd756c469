#include "gateway/origin/target.h"

#include <optional>
#include <string>

#include <doctest/doctest.h>

using namespace gateway::origin;
using gateway::config::Origin;
using gateway::route::Server;

namespace {

struct Row {
  Origin::Protocol protocol;
  std::optional<uint16_t> server_port;
  bool client_tls;
  bool tls;
  uint16_t port;
};

Server server_named(const std::string& host, std::optional<uint16_t> port = std::nullopt) {
  Server server;
  server.host = host;
  server.port = port;
  return server;
}

}  // namespace

TEST_CASE("target: back-to-origin protocols") {
  using P = Origin::Protocol;
  const Row rows[] = {
      {P::follow, {}, false, false, 80},         {P::follow, {}, true, true, 443},
      {P::http, {}, false, false, 80},           {P::http, {}, true, false, 80},
      {P::https, {}, false, true, 443},          {P::https, {}, true, true, 443},
      {P::follow, 8080, false, false, 8080},     {P::follow, 8080, true, true, 8080},
      {P::http, 443, true, false, 443},          {P::https, 80, false, true, 80},
      {P::follow_port, {}, false, false, 80},    {P::follow_port, {}, true, true, 443},
      {P::follow_port, 443, false, true, 443},   {P::follow_port, 80, true, false, 80},
      {P::follow_port, 8443, true, false, 8443},
  };
  for (const Row& row : rows) {
    CAPTURE(static_cast<int>(row.protocol));
    CAPTURE(row.client_tls);
    CAPTURE(row.server_port.value_or(0));
    Origin origin;
    origin.protocol = row.protocol;
    const Target target =
        choose_target(origin, server_named("10.0.0.5", row.server_port), row.client_tls);
    CHECK(target.tls == row.tls);
    CHECK(target.port == row.port);
  }
}

TEST_CASE("target: the ports of the protocols can be others") {
  Origin origin;
  origin.http_ports = {8000};
  origin.https_ports = {8443};
  CHECK(choose_target(origin, server_named("o"), false).port == 8000);
  CHECK(choose_target(origin, server_named("o"), true).port == 8443);
  origin.protocol = Origin::Protocol::follow_port;
  CHECK(choose_target(origin, server_named("o", 8443), false).tls);
  CHECK_FALSE(choose_target(origin, server_named("o", 443), false).tls);
}

TEST_CASE("target: the Host field is the client's, the origin's or a fixed one") {
  Origin origin;
  CHECK(host_header(origin, server_named("10.0.0.5"), {}, "chat.example.com:8080") ==
        "chat.example.com:8080");
  origin.host_header = Origin::Host::fixed;
  origin.fixed_host = "inner.example";
  CHECK(host_header(origin, server_named("10.0.0.5"), {}, "chat.example.com") == "inner.example");
  origin.host_header = Origin::Host::origin;
  CHECK(host_header(origin, server_named("o.example"), {.tls = false, .port = 80}, "x") ==
        "o.example");
  CHECK(host_header(origin, server_named("o.example"), {.tls = true, .port = 443}, "x") ==
        "o.example");
  CHECK(host_header(origin, server_named("o.example"), {.tls = true, .port = 80}, "x") ==
        "o.example:80");
  CHECK(host_header(origin, server_named("o.example"), {.tls = false, .port = 8080}, "x") ==
        "o.example:8080");
  CHECK(host_header(origin, server_named("::1"), {.tls = false, .port = 8080}, "x") ==
        "[::1]:8080");
  CHECK(host_header(origin, server_named("[::1]"), {.tls = false, .port = 80}, "x") == "[::1]");
}

TEST_CASE("FY9 target: an absolute name goes out as Host and to TLS without the dot of the root") {
  Origin origin;
  origin.host_header = Origin::Host::origin;
  const Target https{.tls = true, .port = 8443};
  CHECK(host_header(origin, server_named("origin.example."), https, "x") == "origin.example:8443");
  CHECK(tls_name(origin, "origin.example.:8443") == "origin.example");
  CHECK(tls_name(origin, "Chat.Example.com.") == "chat.example.com");
}

TEST_CASE("target: the name for TLS is the host that is sent, without its port, or a fixed one") {
  Origin origin;
  CHECK(tls_name(origin, "chat.example.com") == "chat.example.com");
  CHECK(tls_name(origin, "chat.example.com:8443") == "chat.example.com");
  CHECK(tls_name(origin, "[::1]:8443") == "::1");
  CHECK(tls_name(origin, "[::1]") == "::1");
  CHECK(tls_name(origin, "").empty());
  origin.sni = "sni.example";
  CHECK(tls_name(origin, "chat.example.com") == "sni.example");
}
