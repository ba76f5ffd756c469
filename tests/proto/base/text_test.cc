#include "proto/base/text.h"

#include <doctest/doctest.h>

using namespace std::string_view_literals;

TEST_CASE("text: case is ASCII's alone") {
  CHECK(proto::to_lower("WebSocket-\xc3\x84") == "websocket-\xc3\x84");
  CHECK(proto::equals_ignoring_case("UPGRADE", "upgrade"));
  CHECK_FALSE(proto::equals_ignoring_case("upgrade", "upgrades"));
  CHECK_FALSE(proto::equals_ignoring_case("[", "{"));
  CHECK(proto::equals_ignoring_case("", ""));
}

TEST_CASE("text: a token has at least one character and no separator") {
  CHECK(proto::is_token("v2.bin"));
  CHECK(proto::is_token("!#$%&'*+-.^_`|~09azAZ"));
  for (std::string_view bad :
       {""sv, "a b"sv, "a,b"sv, "a/b"sv, "\x7f"sv, "\xc3\xa4"sv, "a\0b"sv, "\""sv}) {
    CHECK_FALSE(proto::is_token(bad));
  }
}

TEST_CASE("text: trim takes spaces and tabs, nothing else") {
  CHECK(proto::trim(" \t a b\t ") == "a b");
  CHECK(proto::trim(" \t") == "");
  CHECK(proto::trim("\ra\n") == "\ra\n");
}

TEST_CASE("text: a list leaves out empty elements") {
  using List = std::vector<std::string_view>;
  CHECK(proto::split_list("keep-alive, Upgrade") == List{"keep-alive", "Upgrade"});
  CHECK(proto::split_list(",a,, \t,b ,") == List{"a", "b"});
  CHECK(proto::split_list("").empty());
  CHECK(proto::split_list(" , ").empty());
  CHECK(proto::split_list("one") == List{"one"});
}

TEST_CASE("text: a decimal number is digits and fits 64 bits") {
  CHECK(proto::parse_decimal("0") == 0);
  CHECK(proto::parse_decimal("0013") == 13);
  CHECK(proto::parse_decimal("18446744073709551615") == UINT64_MAX);
  for (std::string_view bad : {""sv, "+1"sv, "-1"sv, " 1"sv, "1 "sv, "0x1"sv, "1.0"sv,
                               "18446744073709551616"sv, "99999999999999999999"sv}) {
    CHECK_FALSE(proto::parse_decimal(bad));
  }
}
