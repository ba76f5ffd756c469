#include "proto/http1/web_origin.h"

#include <doctest/doctest.h>

using namespace std::string_view_literals;
using proto::http1::parse_web_origin;
using proto::http1::to_string;

TEST_CASE("FY33 web origin: every spelling comes out as one") {
  struct Row {
    std::string_view text;
    std::string_view origin;
  };
  for (const Row& row :
       {Row{"https://App.example.com", "https://app.example.com"},
        Row{"HTTPS://app.example.com:443", "https://app.example.com"},
        Row{"http://app.example.com:443", "http://app.example.com:443"},
        Row{"http://app.example.com:80", "http://app.example.com"},
        Row{"https://app.example.com.", "https://app.example.com"},
        Row{"https://xn--bcher-kva.example:8443", "https://xn--bcher-kva.example:8443"},
        Row{"http://[0:0:0:0:0:0:0:1]:80", "http://[::1]"},
        Row{"https://[2001:DB8::1]:9", "https://[2001:db8::1]:9"},
        Row{"capacitor://localhost", "capacitor://localhost"}, Row{"app://x:443", "app://x:443"}}) {
    CAPTURE(row.text);
    const auto origin = parse_web_origin(row.text);
    REQUIRE(origin.has_value());
    CHECK(to_string(*origin) == row.origin);
    CHECK(parse_web_origin(row.origin) == origin);
  }
}

TEST_CASE("FY33 web origin: what names no page is none") {
  for (const std::string_view text : {""sv,
                                      "null"sv,
                                      "a.test"sv,
                                      "://a.test"sv,
                                      "//a.test"sv,
                                      "https:a.test"sv,
                                      "https:/a.test"sv,
                                      "https://"sv,
                                      "https:///"sv,
                                      "https://a.test/"sv,
                                      "https://a.test/b"sv,
                                      "https://a.test?b"sv,
                                      "https://a.test#b"sv,
                                      "https://u@a.test"sv,
                                      "https://u:p@a.test"sv,
                                      "https://a.test:"sv,
                                      "https://a.test:0"sv,
                                      "https://a.test:65536"sv,
                                      "https://a.test:080"sv,
                                      "https://a.test,b"sv,
                                      "https://a.test https://b.test"sv,
                                      "https://*.test"sv,
                                      " https://a.test"sv,
                                      "https://a.test\0"sv,
                                      "1s://a.test"sv,
                                      "ht tp://a.test"sv,
                                      "https://b\xc3\xbc.test"sv,
                                      "https://::1"sv,
                                      "https://[::1%25lo]"sv}) {
    CAPTURE(text);
    CHECK_FALSE(parse_web_origin(text).has_value());
  }
  CHECK(parse_web_origin("https://a")->is_http());
  CHECK_FALSE(parse_web_origin("javascript://a")->is_http());
}
