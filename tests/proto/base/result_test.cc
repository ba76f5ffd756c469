#include "proto/base/result.h"

#include <memory>
#include <string>

#include <doctest/doctest.h>

namespace {

proto::Result<std::unique_ptr<int>, std::string> half(int number) {
  if (number % 2 != 0) return proto::Unexpected{std::string("odd")};
  return std::make_unique<int>(number / 2);
}

}  // namespace

TEST_CASE("result: holds a value or an error, and values may be move-only") {
  auto good = half(4);
  CHECK(good.has_value());
  CHECK(**good == 2);
  const auto bad = half(3);
  CHECK_FALSE(bad);
  CHECK(bad.error() == "odd");
}

TEST_CASE("result: value and error of the same type stay apart") {
  const proto::Result<std::string, std::string> error = proto::Unexpected{std::string("x")};
  CHECK_FALSE(error.has_value());
  CHECK(error.error() == "x");
}
