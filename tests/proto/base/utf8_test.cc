#include "proto/base/utf8.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/support/cuts.h"

using namespace std::string_literals;

namespace {

std::string encode(uint32_t c) {
  const auto tail = [c](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xc0 | c >> 6), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xe0 | c >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | c >> 18), tail(12), tail(6), tail(0)};
}

}  // namespace

TEST_CASE("utf8: every scalar value is valid, surrogates and what is above are not") {
  size_t wrong = 0;
  for (uint32_t c = 0; c < 0x130000; ++c) {
    const bool scalar = c < 0xd800 || (c > 0xdfff && c < 0x110000);
    if (proto::is_utf8(proto::bytes_of(encode(c))) != scalar) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("utf8: overlong, stray and unfinished characters are invalid under all cuts") {
  for (const std::string& bad :
       {"\xc0\x80"s, "\xc1\xbf"s, "\xe0\x9f\xbf"s, "\xf0\x8f\xbf\xbf"s, "\x80"s, "\xbf"s, "\xfe"s,
        "\xff"s, "\xc3("s, "\xe2\x82("s, "\xf5\x80\x80\x80"s, "abcdefgh\xc3"s, "\xed\xa0\x80"s,
        "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80 edited"s}) {
    tests::for_each_cut(proto::bytes_of(bad), [](const tests::Pieces& pieces) {
      proto::Utf8Validator validator;
      bool good = true;
      for (proto::Bytes piece : pieces) good = validator.feed(piece);
      CHECK_FALSE((good && validator.complete()));
    });
  }
}

TEST_CASE("utf8: good text is good under all cuts, and invalid stays invalid") {
  const std::string text = "ascii run of some length, \xce\xba\xe2\x82\xac\xf0\x9f\x98\x80 and on";
  tests::for_each_cut(proto::bytes_of(text), [](const tests::Pieces& pieces) {
    proto::Utf8Validator validator;
    for (proto::Bytes piece : pieces) CHECK(validator.feed(piece));
    CHECK(validator.complete());
  });
  proto::Utf8Validator validator;
  CHECK_FALSE(validator.feed(proto::bytes_of("\xff")));
  CHECK_FALSE(validator.feed(proto::bytes_of("fine")));
  CHECK_FALSE(validator.complete());
  CHECK(proto::is_utf8({}));
}

TEST_CASE("utf8: the length of the character that a text begins with") {
  CHECK(proto::utf8_length("") == 0);
  CHECK(proto::utf8_length("ab") == 1);
  CHECK(proto::utf8_length("\xc3\xa4x") == 2);
  CHECK(proto::utf8_length("\xe2\x82\xac") == 3);
  CHECK(proto::utf8_length("\xf0\x9f\x98\x80") == 4);
  for (const char* none : {"\x80", "\xc0\xaf", "\xc3", "\xe2\x82", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xe0\x80\xaf", "\xf0\x9f\x98", "\xff"})
    CHECK(proto::utf8_length(none) == 0);
}

TEST_CASE("FY31 utf8: a text is printable on one line of a terminal") {
  CHECK(proto::printable("chat.example.com") == "chat.example.com");
  CHECK(proto::printable("b\xc3\xbc"
                         "cher") ==
        "b\xc3\xbc"
        "cher");
  CHECK(proto::printable("a\x1b[2J\nb\r\t\x7f") == "a\\x1b[2J\\x0ab\\x0d\\x09\\x7f");
  CHECK(proto::printable(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(proto::printable("\xc2\x9b"
                         "31m") ==
        "\\xc2\\x9b"
        "31m");  // CSI in one character
  CHECK(proto::printable("\xe2\x80\xae"
                         "moc") ==
        "\\xe2\\x80\\xae"
        "moc");  // writing turned around
  CHECK(proto::printable("\xff\xc3") == "\\xff\\xc3");
}
