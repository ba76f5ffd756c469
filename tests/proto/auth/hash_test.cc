#include "proto/auth/hash.h"

#include <doctest/doctest.h>

using proto::auth::Hash;

// RFC 1321 §A.5, FIPS 180-4's examples.
TEST_CASE("hash: known digests of \"abc\"") {
  const auto hash = [](Hash which) { return proto::auth::hash_joined(which, {"abc"}); };
  REQUIRE(proto::auth::is_available(Hash::md5));
  CHECK(hash(Hash::md5) == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(hash(Hash::sha256) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash(Hash::sha512_256) ==
        "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
}

TEST_CASE("hash: parts are joined by colons, empty ones too") {
  const auto joined = proto::auth::hash_joined(Hash::md5, {"a", "", "b"});
  CHECK(joined == proto::auth::hash_joined(Hash::md5, {"a::b"}));
  CHECK(proto::auth::hash_joined(Hash::md5, {}) == "d41d8cd98f00b204e9800998ecf8427e");
}
