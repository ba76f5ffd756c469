#include "gateway/exchange/answer_fields.h"

#include <string>

#include <doctest/doctest.h>

#include "proto/http1/head_parser.h"

using namespace gateway::exchange;
using Location = gateway::config::Http::Location;

namespace {

struct Told {
  gateway::config::Http http;
  gateway::config::Origin origin;
  std::string client_host = "shop.example.com";
  bool client_tls = true;
  bool credentials_are_ours = false;
  gateway::origin::Url asked{.tls = false, .host = "shop.example.com", .port = {}};
  gateway::net::Address address = *gateway::net::Address::parse("10.0.0.5", 8080);

  std::string of(const std::string& fields) const {
    proto::http1::ResponseParser parser({});
    const std::string text = "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
    REQUIRE(parser.feed(proto::bytes_of(text)).progress == proto::http1::Progress::complete);
    return answer_fields(parser.take(), {.http = http,
                                         .origin = origin,
                                         .client_host = client_host,
                                         .client_port = 8443,
                                         .client_tls = client_tls,
                                         .asked = asked,
                                         .address = address,
                                         .credentials_are_ours = credentials_are_ours});
  }
  std::string location(const std::string& value) const {
    const std::string text = of("Location: " + value + "\r\n");
    constexpr size_t kName = 10;
    return text.substr(kName, text.size() - kName - 2);
  }
};

}  // namespace

TEST_CASE("answer fields: end-to-end ones pass in order and as they are spelt") {
  const Told told;
  CHECK(told.of("server: x\r\nSET-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Accel-Redirect: /a\r\n"
                "Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nUpgrade: h2c\r\n"
                "Content-Length: 5\r\nTrailer: A\r\nVia: 1.1 b\r\nDate: now\r\n") ==
        "server: x\r\nSET-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Accel-Redirect: /a\r\nVia: 1.1 b\r\n"
        "Date: now\r\n");
}

TEST_CASE("answer fields: what is said to credentials of ours is not for the client") {
  Told told;
  CHECK(told.of("Authentication-Info: nextnonce=\"1\"\r\n") ==
        "Authentication-Info: nextnonce=\"1\"\r\n");
  told.credentials_are_ours = true;
  CHECK(told.of("Authentication-Info: nextnonce=\"1\"\r\n").empty());
}

TEST_CASE("location: offload puts right what an origin behind TLS could not know") {
  struct Row {
    const char* said;
    const char* told;
  };
  const Row rows[] = {{"http://shop.example.com/login?a=1", "https://shop.example.com/login?a=1"},
                      {"http://shop.example.com", "https://shop.example.com"},
                      {"HTTP://Shop.Example.com:80/login", "https://shop.example.com/login"},
                      {"http://shop.example.com:8443/login", "https://shop.example.com/login"},
                      {"http://shop.example.com?a", "https://shop.example.com?a"},
                      // All else is the origin's word.
                      {"http://shop.example.com:8080/login", "http://shop.example.com:8080/login"},
                      {"http://shop.example.com.evil/login", "http://shop.example.com.evil/login"},
                      {"http://a@shop.example.com/login", "http://a@shop.example.com/login"},
                      {"http://10.0.0.5:8080/login", "http://10.0.0.5:8080/login"},
                      {"https://shop.example.com/login", "https://shop.example.com/login"},
                      {"//shop.example.com/login", "//shop.example.com/login"},
                      {"/login", "/login"},
                      {"login", "login"}};
  const Told told;
  for (const Row& row : rows) {
    CAPTURE(row.said);
    CHECK(told.location(row.said) == row.told);
  }
}

TEST_CASE("location: the client's own port is kept, where it came by one") {
  Told told;
  told.client_host = "shop.example.com:8443";
  CHECK(told.location("http://shop.example.com:8443/a") == "https://shop.example.com:8443/a");
  CHECK(told.location("http://shop.example.com/a") == "https://shop.example.com:8443/a");
}

TEST_CASE(
    "location: nothing is changed for a client in clear, of an origin over TLS, or when off") {
  constexpr const char* kSaid = "http://shop.example.com/login";
  Told clear;
  clear.client_tls = false;
  CHECK(clear.location(kSaid) == kSaid);
  Told tls;
  tls.asked.tls = true;
  CHECK(tls.location(kSaid) == kSaid);
  Told off;
  off.http.location = Location::off;
  CHECK(off.location(kSaid) == kSaid);
}

TEST_CASE("location: origin names the client's host in place of the origin's own authority") {
  Told told;
  told.http.location = Location::origin;
  told.asked = {.tls = false, .host = "10.0.0.5", .port = 8080};
  CHECK(told.location("http://10.0.0.5:8080/login") == "https://shop.example.com/login");
  CHECK(told.location("//10.0.0.5:8080/login") == "//shop.example.com/login");
  CHECK(told.location("http://shop.example.com/login") == "https://shop.example.com/login");
  CHECK(told.location("http://10.0.0.5:9090/admin") == "http://10.0.0.5:9090/admin");
  CHECK(told.location("http://elsewhere.example.com/") == "http://elsewhere.example.com/");
  told.http.location = Location::offload;
  CHECK(told.location("http://10.0.0.5:8080/login") == "http://10.0.0.5:8080/login");
}

TEST_CASE(
    "secure cookies: the attribute is added where it is missing, and nothing else is touched") {
  struct Row {
    const char* said;
    const char* told;
  };
  const Row rows[] = {{"a=1", "a=1; Secure"},
                      {"a=1; Path=/; HttpOnly", "a=1; Path=/; HttpOnly; Secure"},
                      {"a=1; secure", "a=1; secure"},
                      {"a=1;SECURE ;Path=/", "a=1;SECURE ;Path=/"},
                      {"Secure=1", "Secure=1; Secure"},
                      {"a=Secure; Path=/Secure", "a=Secure; Path=/Secure; Secure"}};
  Told told;
  told.http.secure_cookies = true;
  for (const Row& row : rows) {
    CAPTURE(row.said);
    const std::string said = "Set-Cookie: " + std::string(row.said) + "\r\n";
    CHECK(told.of(said) == "Set-Cookie: " + std::string(row.told) + "\r\n");
    Told clear = told;
    clear.client_tls = false;
    CHECK(clear.of(said) == said);
    Told off = told;
    off.http.secure_cookies = false;
    CHECK(off.of(said) == said);
  }
}
