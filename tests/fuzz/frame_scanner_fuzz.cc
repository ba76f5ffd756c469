// Scans any bytes, whole and cut: what is forwarded is what came, in order, and no cut makes a
// difference. Input: an octet of options, an octet that decides the cuts, then the wire.
#include <algorithm>
#include <cstdint>
#include <memory>

#include "tests/fuzz/require.h"
#include "tests/support/scanning.h"

namespace ws = proto::ws;
using tests::Scanned;

namespace {

using tests::require;

ws::MessageLimits limits_of(uint8_t options) {
  return {.text = (options & 8) != 0 ? 130U : 0U, .binary = (options & 16) != 0 ? 260U : 0U};
}

// Pieces of `step` octets, each in a buffer of its own that is gone before the next is scanned.
Scanned scan_in_steps(proto::Bytes wire, size_t step, uint8_t options) {
  const auto sender = (options & 1) != 0 ? ws::Sender::client : ws::Sender::server;
  tests::Scanning scanning({sender, (options & 2) != 0, limits_of(options)}, (options & 4) != 0);
  while (!wire.empty()) {
    const proto::Bytes piece = wire.first(std::min(step, wire.size()));
    const auto buffer = std::make_unique<uint8_t[]>(piece.size());
    std::copy(piece.begin(), piece.end(), buffer.get());
    const bool over = scanning.over();
    const size_t shown = scanning.shown();
    scanning.feed({buffer.get(), piece.size()});
    // A Close or a violation is the last of the direction.
    require(!over || scanning.shown() == shown);
    wire = wire.subspan(piece.size());
  }
  return scanning.scanned();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const proto::Bytes wire(data + 2, size - 2);
  const Scanned whole = scan_in_steps(wire, size, data[0]);
  require(whole.with_pongs.size() <= wire.size());
  require(std::equal(whole.with_pongs.begin(), whole.with_pongs.end(), wire.begin()));
  require(whole.counts.payload_bytes <= wire.size());
  require(!whole.violation || whole.at_boundary);
  const bool too_big = whole.violation == ws::CloseCode::message_too_big;
  require(too_big == (whole.exceeded != 0));
  const ws::MessageLimits limits = limits_of(data[0]);
  const bool limited = limits.text != 0 && limits.binary != 0;
  require(!limited || whole.counts.largest_message <= std::max(limits.text, limits.binary));
  require(whole == scan_in_steps(wire, 1, data[0]));
  require(whole == scan_in_steps(wire, 1 + data[1] % 31U, data[0]));
  return 0;
}
