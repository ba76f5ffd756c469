// Decodes any octets as a PROXY header, whole and one by one: both must agree, and what is decoded
// must survive being written and decoded again.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "proto/proxy_header/decoder.h"
#include "proto/proxy_header/encoder.h"
#include "tests/fuzz/require.h"

namespace ph = proto::proxy_header;

namespace {

using tests::require;

struct Outcome {
  size_t consumed = 0;
  std::string fault;
  std::optional<ph::Header> header;
};

Outcome decode(proto::Bytes in, size_t step) {
  ph::Decoder decoder;
  Outcome outcome;
  for (size_t from = 0; from < in.size(); from += step) {
    const size_t size = std::min(step, in.size() - from);
    // A buffer of exactly the piece's size, so that AddressSanitizer sees a read past its end.
    const auto exact = std::make_unique<uint8_t[]>(size);
    std::copy_n(in.data() + from, size, exact.get());
    const auto taken = decoder.feed({exact.get(), size});
    if (!taken) {
      outcome.fault = taken.error();
      return outcome;
    }
    outcome.consumed += *taken;
  }
  outcome.header = decoder.header();
  return outcome;
}

void require_same(const Outcome& a, const Outcome& b) {
  require(a.fault == b.fault && a.header.has_value() == b.header.has_value());
  if (!a.fault.empty()) return;
  require(a.consumed == b.consumed);
  if (!a.header) return;
  require(a.header->version == b.header->version && a.header->addresses == b.header->addresses);
}

void require_round_trip(ph::Version version, const ph::Addresses& addresses) {
  const std::string written = ph::write_header(version, addresses);
  const Outcome again = decode(proto::bytes_of(written), written.size());
  require(again.header && again.consumed == written.size());
  require(again.header->version == version && again.header->addresses == addresses);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const proto::Bytes in(data, size);
  const Outcome whole = decode(in, std::max<size_t>(size, 1));
  require_same(whole, decode(in, 1));
  require_same(whole, decode(in, 7));
  if (!whole.header) {
    require(!whole.fault.empty() || whole.consumed == size);
    return 0;
  }
  require(whole.consumed <= ph::kDefaultMaxSize);
  if (!whole.header->addresses) return 0;
  require_round_trip(ph::Version::v1, *whole.header->addresses);
  require_round_trip(ph::Version::v2, *whole.header->addresses);
  return 0;
}
