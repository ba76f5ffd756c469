// Any bytes as a node file: no crash, no growth, and what is accepted prints to something that
// reads back the same, but for passwords, which are not printed.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/config/print.h"
#include "gateway/config/yaml_reader.h"

namespace {

using namespace gateway::config;

void hide(Credentials& credentials) {
  if (credentials.password_source.empty()) credentials.password.clear();
}

void hide_passwords(Document& document) {
  for (size_t i = 0; i < document.domains.size(); ++i) {
    Domain& domain = document.domains[i];
    if (domain.origin.auth) hide(domain.origin.auth->credentials);
    auto& proxy = domain.origin.forward_proxy;
    if (proxy && proxy->credentials) hide(*proxy->credentials);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Reading reading = read_text({reinterpret_cast<const char*>(data), size}, "fuzz.yaml");
  for (const Problem& problem : reading.problems) {
    if (to_string(problem).size() > 8192) std::abort();
  }
  if (!reading.ok()) return 0;
  Reading again = read_text(print(reading.document), "fuzz.yaml");
  hide_passwords(reading.document);
  hide_passwords(again.document);
  if (!again.ok() || !(again.document == reading.document)) std::abort();
  return 0;
}
