#include "proto/base/hash.h"

#include <doctest/doctest.h>

TEST_CASE("hash: the values that FNV's authors publish") {
  CHECK(proto::fnv1a("") == 0xcbf29ce484222325);
  CHECK(proto::fnv1a("a") == 0xaf63dc4c8601ec8c);
  CHECK(proto::fnv1a("foobar") == 0x85944171f73967e8);
}

TEST_CASE("hash: piece by piece it is the same") {
  proto::Fnv1a hash;
  for (const char* piece : {"fo", "", "oba", "r"}) hash.add(piece);
  CHECK(hash.value() == proto::fnv1a("foobar"));
}
