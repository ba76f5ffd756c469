// Any bytes as a node file: no crash, no growth, and what is accepted prints to something that
// reads back the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/config/yaml_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gateway::config;
  Reading reading = read_text({reinterpret_cast<const char*>(data), size}, "fuzz.yaml");
  for (const Problem& problem : reading.problems) {
    if (to_string(problem).size() > 8192) std::abort();
  }
  if (!reading.ok()) return 0;
  Reading again = read_text(print(reading.document), "fuzz.yaml");
  if (!again.ok() || !(again.document == reading.document)) std::abort();
  return 0;
}
