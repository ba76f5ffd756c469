#include "proto/proxy_header/header.h"

#include <vector>

#include <doctest/doctest.h>

using proto::proxy_header::Crc32c;

TEST_CASE("crc32c: RFC 3720 §B.4's vectors, however the octets are cut") {
  const auto crc = [](const std::vector<uint8_t>& octets) {
    Crc32c sum;
    sum.add(octets);
    return sum.value();
  };
  CHECK(crc(std::vector<uint8_t>(32, 0x00)) == 0x8a9136aa);
  CHECK(crc(std::vector<uint8_t>(32, 0xff)) == 0x62a8ab43);
  Crc32c cut;
  cut.add(proto::bytes_of("1234"));
  cut.add({});
  cut.add(proto::bytes_of("56789"));
  CHECK(cut.value() == 0xe3069283);
}
