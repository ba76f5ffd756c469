#include "gateway/edge/page.h"

#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/edge_stage.h"

using namespace tests;

namespace {

void with_page(gateway::config::Document& document) {
  document.domains[0].origin.builtin = gateway::config::Origin::Builtin::echo;
  document.domains[0].origin.servers.clear();
}

}  // namespace

TEST_CASE("page: is whole and asks nothing from elsewhere") {
  const std::string_view page = gateway::edge::echo_page();
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(page.ends_with("</html>\n"));
  CHECK(page.find("http://") == std::string_view::npos);
  CHECK(page.find("https://") == std::string_view::npos);
  CHECK(page.find(" src=") == std::string_view::npos);
  // The policy allows no handlers in attributes.
  CHECK(page.find(" onclick=") == std::string_view::npos);
}

TEST_CASE("page: is the file, byte by byte") {
  std::ifstream file(WEIR_SOURCE_DIR "/gateway/edge/page.html");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  CHECK(gateway::edge::echo_page() == text);
}

TEST_CASE("page: is shown for GET / of a built-in origin, with its policy") {
  EdgeStage stage(with_page);
  RawPeer client =
      stage.client("GET /?a=b HTTP/1.1\r\nHost: chat.example.com\r\nConnection: close\r\n\r\n");
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == 200);
  CHECK(field_of(client.received, "Content-Type") == "text/html; charset=utf-8");
  CHECK(field_of(client.received, "Content-Security-Policy").starts_with("default-src 'none'; "));
  CHECK(field_of(client.received, "Cache-Control") == "no-store");
  CHECK(body_of(client.received) == gateway::edge::echo_page());
  CHECK(stage.answers(200) == 1);
}

TEST_CASE("FY1 page: HEAD gets what GET gets, without the body") {
  EdgeStage stage(with_page);
  RawPeer client =
      stage.client("HEAD / HTTP/1.1\r\nHost: chat.example.com\r\nConnection: close\r\n\r\n");
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == 200);
  CHECK(field_of(client.received, "Content-Length") ==
        std::to_string(gateway::edge::echo_page().size()));
  CHECK(body_of(client.received).empty());
}

TEST_CASE("page: nowhere else and by no other method") {
  for (const char* request : {"GET /chat", "POST /", "HEAD /chat"}) {
    CAPTURE(request);
    EdgeStage stage(with_page);
    RawPeer client =
        stage.client(std::string(request) + " HTTP/1.1\r\nHost: chat.example.com\r\n\r\n");
    REQUIRE(stage.answered(client));
    CHECK(status_of(client.received) == 426);
  }
  EdgeStage stage;
  RawPeer client = stage.client("GET / HTTP/1.1\r\nHost: chat.example.com\r\n\r\n");
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == 426);
}
