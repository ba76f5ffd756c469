#include "gateway/usage/meter/bucket_place.h"

#include <doctest/doctest.h>

#include "tests/gateway/usage/buckets.h"

using namespace gateway::usage::meter;
using tests::kBegin;

TEST_CASE("bucket place: a later bucket, and any bucket of a later part, comes behind") {
  const uint32_t next = part_after(0, 3);
  CHECK(place_of(kBegin, 0) < place_of(kBegin + 300, 0));
  CHECK(place_of(kBegin + 300, 0) < place_of(kBegin, next));
  CHECK(place_of(kBegin + 300, next) < place_of(0, part_after(next, 3)));
}

TEST_CASE("bucket place: the first part is everybody's, a later one its worker's alone") {
  for (const size_t worker : {0U, 1U, 63U}) {
    const uint32_t part = part_after(part_after(0, worker), worker);
    for (const size_t other : {0U, 1U, 63U}) {
      CHECK(may_count_in(0, other));
      CHECK(may_count_in(part, other) == (other == worker));
    }
  }
}

TEST_CASE("bucket place: parts that have run out stay with their worker") {
  const uint32_t last = part_after(kLastStep - 1, 5);
  CHECK(part_after(last, 5) == last);
  CHECK(may_count_in(last, 5));
  CHECK_FALSE(may_count_in(last, 6));
}
