#include "tests/support/wire.h"

#include <set>

#include <doctest/doctest.h>

#include "tests/support/cuts.h"

using tests::operator""_wire;

TEST_CASE("wire: reads octets with spaces between them") {
  CHECK("81 05 4865"_wire == std::vector<uint8_t>{0x81, 0x05, 0x48, 0x65});
  CHECK(""_wire.empty());
  CHECK_THROWS("8"_wire);
  CHECK_THROWS("xx"_wire);
}

TEST_CASE("cuts: every cut is the input, and short inputs are cut in all ways") {
  for (size_t size : {0, 1, 4, 12, 13, 40}) {
    std::vector<uint8_t> input(size);
    for (size_t i = 0; i < size; ++i) input[i] = static_cast<uint8_t>(i);
    std::set<std::vector<size_t>> shapes;
    tests::for_each_cut(input, [&](const tests::Pieces& pieces) {
      std::vector<uint8_t> joined;
      std::vector<size_t> shape;
      for (proto::Bytes piece : pieces) {
        joined.insert(joined.end(), piece.begin(), piece.end());
        shape.push_back(piece.size());
      }
      CHECK(joined == input);
      shapes.insert(shape);
    });
    const size_t expected = size == 0 ? 1 : size <= 12 ? size_t{1} << (size - 1) : size + 1;
    CHECK(shapes.size() == expected);
  }
}
