#include "gateway/metrics/origin_families.h"

#include <string>

#include <doctest/doctest.h>

using namespace gateway::metrics;
using gateway::outcome::Cause;

namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("origin families: every server has its lines") {
  Registry registry(2);
  registry.domain("chat.example.com")[1]
      ->origin_failures[static_cast<size_t>(Cause::origin_down)]
      .add(3);
  Facts facts;
  facts.origins.push_back({.domain = "chat.example.com",
                           .origin = "10.0.0.5:8080",
                           .up = true,
                           .ejected = true,
                           .sessions = 12,
                           .ejections = 2,
                           .failures = {{Cause::origin_connect, 4}, {Cause::origin_tls, 1}}});
  facts.origins.push_back(
      {.domain = "chat.example.com", .origin = "[2001:db8::1]", .up = false, .failures = {}});
  const std::string text = render(registry, facts);
  const std::string first = R"({domain="chat.example.com",origin="10.0.0.5:8080")";
  const std::string second = R"({domain="chat.example.com",origin="[2001:db8::1]")";
  for (const std::string& line :
       {"weir_origin_up" + first + "} 1", "weir_origin_up" + second + "} 0",
        "weir_origin_ejected" + first + "} 1", "weir_origin_ejected" + second + "} 0",
        "weir_origin_ejections_total" + first + "} 2",
        "weir_origin_sessions_active" + first + "} 12",
        "weir_origin_sessions_active" + second + "} 0",
        "weir_origin_failures_total" + first + R"(,cause="origin_connect"} 4)",
        "weir_origin_failures_total" + first + R"(,cause="origin_tls"} 1)",
        std::string(
            R"(weir_origin_failures_total{domain="chat.example.com",cause="origin_down"} 3)")}) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
  CHECK(text.find("weir_origin_ejections_total" + second) == std::string::npos);
}

TEST_CASE("origin families: bytes are told of each server, and of what is none of the pool") {
  Registry registry(2);
  for (Origin* block : registry.origin("chat.example.com", "10.0.0.5:8080")) {
    block->traffic.bytes_in.add(2000);
    block->traffic.bytes_out.add(3000);
  }
  static_cast<void>(registry.origin("chat.example.com", "standby.example.net"));
  for (Domain* block : registry.domain("chat.example.com"))
    block->nameless_origins[static_cast<size_t>(Nameless::redirect)].bytes_out.add(5);
  static_cast<void>(registry.domain("_unmatched"));
  const std::string text = render(registry, {});
  const std::string in = R"(weir_origin_bytes_in_total{domain="chat.example.com",origin=)";
  const std::string out = R"(weir_origin_bytes_out_total{domain="chat.example.com",origin=)";
  for (const std::string& line : {in + R"("10.0.0.5:8080"} 4000)", out + R"("10.0.0.5:8080"} 6000)",
                                  in + R"("standby.example.net"} 0)",
                                  out + R"("standby.example.net"} 0)", out + R"("redirect"} 10)"}) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
  CHECK(text.find(in + R"("redirect")") == std::string::npos);
  CHECK(text.find(R"(weir_origin_bytes_in_total{domain="_unmatched")") == std::string::npos);
}

TEST_CASE(
    "origin families: plain requests have their bytes and connections, where there were some") {
  Registry registry(2);
  for (Origin* block : registry.origin("chat.example.com", "10.0.0.5:8080")) {
    block->http.bytes_in.add(2000);
    block->http.bytes_out.add(3000);
    block->connections.idle.add(1);
    block->connections.made.add(4);
    block->connections.reused.add(50);
  }
  static_cast<void>(registry.origin("chat.example.com", "standby.example.net"));
  Facts facts;
  facts.paths.connections_closed = {{"idle", 7}, {"stale", 0}};
  const std::string text = render(registry, facts);
  const std::string server = R"({domain="chat.example.com",origin="10.0.0.5:8080")";
  for (const std::string& line :
       {"weir_http_origin_bytes_in_total" + server + "} 4000",
        "weir_http_origin_bytes_out_total" + server + "} 6000",
        "weir_origin_connections_idle" + server + "} 2",
        "weir_origin_connections_total" + server + R"(,reused="false"} 8)",
        "weir_origin_connections_total" + server + R"(,reused="true"} 100)",
        std::string(R"(weir_origin_connections_closed_total{why="idle"} 7)")}) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
  for (const std::string& absent :
       {std::string("weir_http_origin_bytes_in_total{domain=\"chat.example.com\",origin=\"standby"),
        std::string("weir_origin_connections_total{domain=\"chat.example.com\",origin=\"standby"),
        std::string(R"(weir_origin_connections_closed_total{why="stale"})")})
    CHECK(text.find(absent) == std::string::npos);
}

TEST_CASE("origin families: without servers there are none") {
  Registry registry(1);
  const std::string text = render(registry, {});
  CHECK(text.find("weir_origin_up") == std::string::npos);
  CHECK(text.find("weir_origin_failures") == std::string::npos);
}
