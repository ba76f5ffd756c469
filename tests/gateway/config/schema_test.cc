#include "gateway/config/schema.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

using namespace gateway::config;

TEST_CASE("schema: conf/schema.json is what the table says") {
  const char* const file = WEIR_SOURCE_DIR "/conf/schema.json";
  if (std::getenv("WEIR_WRITE_SCHEMA") != nullptr) std::ofstream(file) << schema();
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const bool same = text == schema();
  CHECK_MESSAGE(same,
                "run this test with WEIR_WRITE_SCHEMA=1 in its environment to write the file");
}
