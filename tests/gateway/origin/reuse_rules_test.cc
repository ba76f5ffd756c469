#include "gateway/origin/reuse_rules.h"

#include <functional>
#include <string_view>

#include <doctest/doctest.h>

using namespace gateway::origin;
using namespace std::chrono_literals;
using ReuseSettings = gateway::config::Reuse;

namespace {

// A GET that was answered as it should be.
Spoken clean() {
  return {.method = "GET", .request_whole = true, .status = 200, .answer_whole = true};
}

proto::http1::Fields fields(std::string_view name, std::string_view value) {
  proto::http1::Fields made;
  made.add("Host", "chat.example.com");
  made.add(name, value);
  return made;
}

}  // namespace

TEST_CASE("V1 reuse: a connection is kept after an exchange of which nothing is left on it") {
  CHECK(may_be_kept(clean()));
  for (const std::string_view method : {"POST", "PUT", "PATCH", "PROPFIND"}) {
    CAPTURE(method);
    Spoken upload = clean();
    upload.method = method;
    upload.request_has_body = true;
    CHECK(may_be_kept(upload));
  }
  for (const int status : {204, 206, 304, 401, 404, 405, 416, 417, 422, 429, 500, 502, 503, 504}) {
    CAPTURE(status);
    Spoken answered = clean();
    answered.status = status;
    CHECK(may_be_kept(answered));
  }
}

TEST_CASE("V1 reuse: each thing that is wrong with an exchange is enough for its connection") {
  struct Wrong {
    const char* what;
    std::function<void(Spoken&)> change;
  };
  const Wrong all[] = {
      {"the request was not written whole", [](Spoken& one) { one.request_whole = false; }},
      {"the answer was cut, or ended with the connection",
       [](Spoken& one) { one.answer_whole = false; }},
      {"HTTP/1.0", [](Spoken& one) { one.minor_version = 0; }},
      {"one side said close", [](Spoken& one) { one.asked_to_close = true; }},
      {"a byte behind the answer", [](Spoken& one) { one.bytes_behind = true; }},
      {"an early answer", [](Spoken& one) { one.early = true; }},
      {"an upgrade was asked for", [](Spoken& one) { one.asked_for_upgrade = true; }},
      {"NTLM", [](Spoken& one) { one.personal = true; }},
  };
  for (const Wrong& wrong : all) {
    CAPTURE(wrong.what);
    Spoken spoken = clean();
    wrong.change(spoken);
    CHECK_FALSE(may_be_kept(spoken));
  }
}

TEST_CASE("V1 reuse: an origin that did not understand the request is not asked another one") {
  for (const int status : {101, 400, 408, 411, 413, 414, 431, 501, 505}) {
    CAPTURE(status);
    Spoken spoken = clean();
    spoken.status = status;
    CHECK_FALSE(may_be_kept(spoken));
  }
}

TEST_CASE("V1 reuse: a body with a method that has none may still lie before the origin") {
  for (const std::string_view method : {"GET", "HEAD", "DELETE", "OPTIONS"}) {
    CAPTURE(method);
    Spoken spoken = clean();
    spoken.method = method;
    spoken.request_has_body = true;
    CHECK_FALSE(may_be_kept(spoken));
  }
}

TEST_CASE("V1 reuse: NTLM and Negotiate make a connection one client's, whichever side says it") {
  const proto::http1::Fields none = fields("Accept", "*/*");
  for (const std::string_view value :
       {"NTLM", "Negotiate", "negotiate TlRMTVNTUAAB", "Basic realm=\"a\", NTLM"}) {
    CAPTURE(value);
    CHECK(is_personal(none, fields("WWW-Authenticate", value)));
  }
  CHECK(is_personal(fields("authorization", "NTLM TlRMTVNTUAAD"), none));
  CHECK(is_personal(fields("Authorization", "Negotiate YII"), none));
  CHECK_FALSE(is_personal(fields("Authorization", "Basic TlRMTQ=="), none));
  CHECK_FALSE(is_personal(none, fields("WWW-Authenticate", "Digest realm=\"NTLM\"")));
  CHECK_FALSE(is_personal(none, fields("Server", "NTLM")));
}

TEST_CASE("V3 reuse: what cannot be repeated takes only what was just used") {
  struct Request {
    std::string_view method;
    bool has_body;
    Kept safe;
  };
  const Request requests[] = {
      {"GET", false, Kept::any},          {"HEAD", false, Kept::any},
      {"OPTIONS", false, Kept::any},      {"PROPFIND", false, Kept::any},
      {"GET", true, Kept::just_used},     {"PROPFIND", true, Kept::just_used},
      {"POST", false, Kept::just_used},   {"POST", true, Kept::just_used},
      {"PUT", true, Kept::just_used},     {"DELETE", false, Kept::just_used},
      {"PATCH", false, Kept::just_used},  {"get", false, Kept::just_used},
      {"UNHEARD", false, Kept::just_used}};
  for (const auto& [method, has_body, safe] : requests) {
    CAPTURE(method);
    CAPTURE(has_body);
    CHECK(may_serve(ReuseSettings::Mode::safe, method, has_body) == safe);
    CHECK(may_serve(ReuseSettings::Mode::always, method, has_body) == Kept::any);
    CHECK(may_serve(ReuseSettings::Mode::off, method, has_body) == Kept::none);
  }
}

TEST_CASE("V4 reuse: a connection rests a second less than its origin says, and 4 s unsaid") {
  struct Said {
    std::string_view keep_alive;
    std::optional<std::chrono::milliseconds> rest;
  };
  const Said all[] = {{"", 4s},
                      {"timeout=5", 4s},
                      {"timeout=20", 19s},
                      {"timeout=5, max=100", 4s},
                      {"max=1000, Timeout = 3", 2s},
                      {"timeout=61", 60s},
                      {"timeout=62", 60s},
                      {"timeout=99999999999999999999", 60s},
                      {"timeout=2", 1s},
                      {"timeout=1", std::nullopt},
                      {"timeout=0", std::nullopt},
                      {"timeout=30, timeout=7", 6s},
                      {"timeout=30, timeout=1", std::nullopt},
                      {"timeout=", 4s},
                      {"timeout", 4s},
                      {"timeout=-3", 4s},
                      {"timeout=7s", 4s},
                      {"max=3", 4s},
                      {",, ,", 4s}};
  for (const auto& [keep_alive, rest] : all) {
    CAPTURE(keep_alive);
    CHECK(rest_of(ReuseSettings{}, keep_alive) == rest);
    CHECK(rest_of(ReuseSettings{.idle = 30s}, keep_alive) == 30s);
  }
}
