#include "gateway/config/plain_text.h"

#include <string>

#include <doctest/doctest.h>

using namespace gateway::config;

TEST_CASE("plain text: UTF-8 of every length passes") {
  CHECK_FALSE(first_bad_byte("a\t\xC3\xA9\r\n\xE2\x82\xAC\xF0\x9F\x98\x80").has_value());
  CHECK_FALSE(first_bad_byte("").has_value());
}

TEST_CASE("plain text: overlong forms, surrogates and cut sequences are found") {
  for (const char* text : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80",
                           "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC3",
                           "\xE2\x82", "\xF0\x9F\x98", "\xE2\x28\xA1", "\xFF\xFE"}) {
    CAPTURE(text);
    CHECK(first_bad_byte(text).has_value());
  }
}

TEST_CASE("plain text: a control character is found where it stands, in characters") {
  auto bad = first_bad_byte("ok: 1\n\xC3\xA9\xC3\xA9\x04tail");
  REQUIRE(bad.has_value());
  CHECK(bad->at.line == 2);
  CHECK(bad->at.column == 3);
  CHECK(first_bad_byte(std::string_view("a\0b", 3)).has_value());
  CHECK(first_bad_byte("a\x7F").has_value());
}
