#include "proto/http1/target.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/proto/http1/parsing.h"

using namespace std::string_view_literals;
using proto::http1::Authority;
using proto::http1::parse_authority;
using proto::http1::Rejection;
using proto::http1::request_target;
using proto::http1::RequestHead;
using proto::http1::Target;

namespace {

RequestHead request(std::string_view target, std::string_view host_lines) {
  return tests::request_of("GET " + std::string(target) + " HTTP/1.1\r\n" +
                           std::string(host_lines) + "\r\n");
}

// Why the request goes nowhere; empty when it goes somewhere.
std::string refusal_of(std::string_view target, std::string_view host_lines) {
  const RequestHead head = request(target, host_lines);
  const proto::Result<Target, Rejection> result = request_target(head);
  if (result) return {};
  CHECK(result.error().status == 400);
  return result.error().why;
}

struct GoodHost {
  std::string_view text;
  std::string_view host;
  std::optional<uint16_t> port;
};

}  // namespace

TEST_CASE("authority: good forms") {
  const std::vector<GoodHost> rows = {
      {"example.com", "example.com", {}},
      {"Example.COM", "example.com", {}},
      {"example.com.", "example.com", {}},
      {"example.com:80", "example.com", uint16_t{80}},
      {"example.com.:65535", "example.com", uint16_t{65535}},
      {"a:1", "a", uint16_t{1}},
      {"my_service-1.internal", "my_service-1.internal", {}},
      {"xn--bcher-kva.example", "xn--bcher-kva.example", {}},
      {"192.0.2.1", "192.0.2.1", {}},
      {"192.0.2.1:8080", "192.0.2.1", uint16_t{8080}},
      {"[::1]", "[::1]", {}},
      {"[2001:DB8::1]:443", "[2001:db8::1]", uint16_t{443}},
      {"[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]", {}},
      {"[0:0:0:0:0:0:0:1]:80", "[::1]", uint16_t{80}},
  };
  for (const GoodHost& row : rows) {
    CAPTURE(row.text);
    const std::optional<Authority> authority = parse_authority(row.text);
    REQUIRE(authority.has_value());
    CHECK(authority->host == row.host);
    CHECK(authority->port == row.port);
  }
}

TEST_CASE("authority: bad forms (H2)") {
  const std::vector<std::string_view> rows = {
      "",
      ".",
      "..",
      ":80",
      "a..b",
      ".a",
      "a..",
      "a:",
      "a:0",
      "a:65536",
      "a:080",
      "a:+80",
      "a:-1",
      "a: 80",
      "a:8 0",
      "a:80:80",
      "a:99999999",
      "a:http",
      "user@a",
      "user:pw@a",
      "a/b",
      "a/b?c=",
      "a?b",
      "a#b",
      "a,b",
      "a b",
      "a\tb",
      "a%2eb",
      "a\\b",
      "b\xc3\xbc"
      "cher",
      "a\0b"sv,
      "a;b",
      "a*",
      "*.a",
      "http://a",
      "[]",
      "[::1",
      "::1",
      "[::1]a",
      "[::1]:",
      "[::1%eth0]",
      "[::g]",
      "[127.0.0.1]",
      "[v1.a]",
      "a[::1]",
      "[[::1]]",
      "[::1]:0",
      "\"a\"",
      "a|b",
      "(a)",
  };
  for (std::string_view row : rows) {
    CAPTURE(row);
    CHECK_FALSE(parse_authority(row).has_value());
  }
}

TEST_CASE("authority: lengths") {
  const std::string label(63, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  CHECK(longest.size() == 253);
  CHECK(parse_authority(longest).has_value());
  CHECK(parse_authority(longest + ".").has_value());
  CHECK(parse_authority(longest + ":443").has_value());
  CHECK_FALSE(parse_authority(longest + "a").has_value());
  CHECK_FALSE(parse_authority(label + "a").has_value());
  CHECK_FALSE(parse_authority("[" + std::string(8000, ':') + "]").has_value());
}

TEST_CASE("request target: origin-form") {
  const RequestHead head = request("//a/%2f/..;/b?c=d?e", "Host: Example.com:8080\r\n");
  const proto::Result<Target, Rejection> target = request_target(head);
  REQUIRE(target.has_value());
  CHECK(target->authority.host == "example.com");
  CHECK(target->authority.port == 8080);
  CHECK(target->path == "//a/%2f/..;/b");
  CHECK(target->query == "c=d?e");
  CHECK(target->path_and_query == "//a/%2f/..;/b?c=d?e");
  CHECK(target->path.data() == head.target.data());
}

TEST_CASE("request target: an empty query keeps its mark in path_and_query") {
  const RequestHead head = request("/?", "Host: h\r\n");
  const proto::Result<Target, Rejection> target = request_target(head);
  REQUIRE(target.has_value());
  CHECK(target->path == "/");
  CHECK(target->query.empty());
  CHECK(target->path_and_query == "/?");
}

TEST_CASE("request target: absolute-form that names the Host") {
  const RequestHead head = request("HTTP://Example.com:80/a?b", "Host: example.com\r\n");
  const proto::Result<Target, Rejection> target = request_target(head);
  REQUIRE(target.has_value());
  CHECK(target->authority.host == "example.com");
  CHECK_FALSE(target->authority.port.has_value());
  CHECK(target->path == "/a");
  CHECK(target->query == "b");

  const RequestHead bare = request("https://h", "Host: h:443\r\n");
  const proto::Result<Target, Rejection> root = request_target(bare);
  REQUIRE(root.has_value());
  CHECK(root->path_and_query == "/");
}

TEST_CASE("request target: forms that are refused") {
  const std::string other = "a request target that names another host than the Host field";
  const std::string neither = "a request target that is neither a path nor a http URI";
  CHECK(refusal_of("http://a/", "Host: b\r\n") == other);
  CHECK(refusal_of("http://a:81/", "Host: a\r\n") == other);
  CHECK(refusal_of("https://a/", "Host: a:80\r\n") == other);
  CHECK(refusal_of("http://u@a/", "Host: a\r\n") == neither);
  CHECK(refusal_of("http://a,b/", "Host: a\r\n") == neither);
  CHECK(refusal_of("http://a?b", "Host: a\r\n") == neither);
  CHECK(refusal_of("ftp://a/", "Host: a\r\n") == neither);

  const RequestHead options = tests::request_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(request_target(options).has_value());
  CHECK(request_target(options)->is_asterisk());
  CHECK(request_target(options)->authority.host == "a");
  const RequestHead connect = tests::request_of("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(request_target(connect).error().why == neither);
}

// The holes of llhttp 8.1.0 around Host, one test for each (P2).
TEST_CASE("llhttp hole: missing Host") { CHECK(refusal_of("/", "X: y\r\n") == "no Host field"); }

TEST_CASE("llhttp hole: empty Host") {
  CHECK(refusal_of("/", "Host:\r\n") == "a malformed Host field");
}

TEST_CASE("llhttp hole: duplicate Host") {
  CHECK(refusal_of("/", "Host: a\r\nhost: a\r\n") == "more than one Host field");
}

TEST_CASE("llhttp hole: comma in Host") {
  CHECK(refusal_of("/", "Host: a, b\r\n") == "a malformed Host field");
}

TEST_CASE("llhttp hole: userinfo in Host") {
  CHECK(refusal_of("/", "Host: user@a\r\n") == "a malformed Host field");
}

TEST_CASE("llhttp hole: path in Host") {
  CHECK(refusal_of("/", "Host: a/b?c=\r\n") == "a malformed Host field");
}
