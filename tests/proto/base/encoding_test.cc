#include "proto/base/encoding.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

using namespace std::string_view_literals;

TEST_CASE("base64: RFC 4648 vectors both ways") {
  struct Vector {
    std::string_view plain, encoded;
  };
  for (const Vector& vector :
       {Vector{"", ""}, Vector{"f", "Zg=="}, Vector{"fo", "Zm8="}, Vector{"foo", "Zm9v"},
        Vector{"foob", "Zm9vYg=="}, Vector{"fooba", "Zm9vYmE="}, Vector{"foobar", "Zm9vYmFy"},
        Vector{"\x00\xff\xfb\xef"sv, "AP/77w=="}}) {
    CHECK(proto::to_base64(proto::bytes_of(vector.plain)) == vector.encoded);
    CHECK(proto::from_base64(vector.encoded) == vector.plain);
  }
}

TEST_CASE("base64: refuses what is not padded, canonical and clean") {
  for (std::string_view bad :
       {"Zg"sv, "Zg="sv, "Z==="sv, "===="sv, "Zh=="sv, "Zm9="sv, "Zg==Zg=="sv, "Zm9v\n"sv, "Zm 9"sv,
        "Zm-_"sv, "Z=g="sv, "Zg=a"sv, "\xff\xff\xff\xff"sv}) {
    CHECK_FALSE(proto::from_base64(bad));
  }
}

TEST_CASE("hex: lower case, two digits an octet") {
  CHECK(proto::to_hex(proto::bytes_of("\x00\x0f\xf0\xff"sv)) == "000ff0ff");
  CHECK(proto::to_hex({}) == "");
}

TEST_CASE("sha256: FIPS 180-4 vectors") {
  CHECK(proto::to_hex(proto::sha256(proto::bytes_of("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(proto::to_hex(proto::sha256({})) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("sha1: RFC 3174 vector") {
  CHECK(proto::to_hex(proto::sha1(proto::bytes_of("abc"))) ==
        "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST_CASE("random bytes: fill all of it and differ") {
  std::vector<uint8_t> first(64), second(64);
  proto::random_bytes(first);
  proto::random_bytes(second);
  CHECK(first != second);
  proto::random_bytes({});
}
