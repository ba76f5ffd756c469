#include "proto/base/encoding.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
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

TEST_CASE(
    "encoding: base64url has neither padding nor what a URL or a cookie would take for more") {
  const std::array<uint8_t, 4> octets{0xfb, 0xff, 0xfe, 0x00};
  CHECK(proto::to_base64url({}).empty());
  CHECK(proto::to_base64url(octets) == "-__-AA");
  CHECK(proto::to_base64url(proto::Bytes(octets).first(3)) == "-__-");
  CHECK(proto::to_base64url(proto::Bytes(octets).first(2)) == "-_8");
}

TEST_CASE("encoding: HMAC-SHA-256 is that of RFC 4231") {
  const auto hmac = [](std::string_view key, std::string_view text) {
    return proto::to_hex(proto::hmac_sha256(proto::bytes_of(key), proto::bytes_of(text)));
  };
  CHECK(hmac(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hmac("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
