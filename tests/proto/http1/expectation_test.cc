#include "proto/http1/expectation.h"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "tests/proto/http1/parsing.h"

namespace {

constexpr std::string_view kBody = "Content-Length: 5\r\n";

// 417, or whether a 100 is waited for.
std::string waits(std::string_view fields, std::string_view version = "1.1") {
  const auto waited = proto::http1::expects_continue(tests::request_of(
      "POST / HTTP/" + std::string(version) + "\r\nHost: h\r\n" + std::string(fields) + "\r\n"));
  if (!waited) return std::to_string(waited.error().status) + " " + waited.error().why;
  return *waited ? "waits" : "does not wait";
}

std::string with_body(std::string_view fields) {
  return waits(std::string(kBody) + std::string(fields));
}

}  // namespace

TEST_CASE("J6 expectation: 100-continue is waited for where a body is to come, in HTTP/1.1") {
  CHECK(with_body("Expect: 100-continue\r\n") == "waits");
  CHECK(with_body("expect: 100-Continue\r\n") == "waits");
  CHECK(waits("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n") == "waits");
  CHECK(with_body("") == "does not wait");
  CHECK(with_body("Expect:\r\n") == "does not wait");
  CHECK(waits("Expect: 100-continue\r\n") == "does not wait");
  CHECK(waits("Content-Length: 0\r\nExpect: 100-continue\r\n") == "does not wait");
  CHECK(waits("Content-Length: 5\r\nExpect: 100-continue\r\n", "1.0") == "does not wait");
}

TEST_CASE("J6 J8 expectation: another one, or two, are 417 with a body and without") {
  const std::string refused = "417 Expect may ask for 100-continue and nothing else";
  for (const std::string_view fields :
       {"Expect: cake\r\n", "Expect: 100-continue, cake\r\n", "Expect: 100-continue;x=1\r\n",
        "Expect: 100-continue, 100-continue\r\n", "Expect: y 100-continue\r\n",
        "Expect: 100-continue\r\nExpect: 100-continue\r\n", "Expect:\r\nexpect:\r\n"}) {
    CAPTURE(fields);
    CHECK(with_body(fields) == refused);
    CHECK(waits(fields) == refused);
  }
}
