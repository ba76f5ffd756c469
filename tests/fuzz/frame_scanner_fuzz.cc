// Scans any bytes, whole and cut: what is forwarded is what came, in order, and no cut makes a
// difference. Input: an octet of options, an octet that decides the cuts, then the wire.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "proto/ws/frame_scanner.h"

namespace ws = proto::ws;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

struct Seen {
  std::vector<uint8_t> passed;  // forwarded, and pongs that were taken out
  ws::Counts counts;
  bool closed = false;
  bool refused = false;

  void pass(proto::Bytes bytes) { passed.insert(passed.end(), bytes.begin(), bytes.end()); }
};

void add(ws::Counts& sum, const ws::Counts& seen) {
  sum.payload_bytes += seen.payload_bytes;
  sum.text_messages += seen.text_messages;
  sum.binary_messages += seen.binary_messages;
  sum.data_frames += seen.data_frames;
  sum.close_frames += seen.close_frames;
  sum.ping_frames += seen.ping_frames;
  sum.pong_frames += seen.pong_frames;
  sum.largest_message = std::max(sum.largest_message, seen.largest_message);
  sum.units_2k += seen.units_2k;
  sum.units_32k += seen.units_32k;
}

void feed(ws::FrameScanner& scanner, proto::Bytes in, Seen& seen) {
  do {
    const auto scan = scanner.scan(in);
    // A Close or a violation was the last of the direction.
    const bool over = seen.closed || seen.refused;
    require(!over || (scan.carry.empty() && scan.ready.empty()));
    seen.pass(scan.carry);
    seen.pass(scan.ready);
    if (scan.pong) seen.pass(scan.pong->frame);
    add(seen.counts, scan.seen);
    seen.closed |= scan.close.has_value();
    seen.refused |= scan.violation.has_value();
    require(!scan.violation || scanner.at_boundary());
    const bool too_big = scan.violation && scan.violation->code == ws::CloseCode::message_too_big;
    require(too_big == (scan.exceeded != 0));
    require(scan.rest.empty() || scan.pong != nullptr);
    in = scan.rest;
  } while (!in.empty());
}

ws::MessageLimits limits_of(uint8_t options) {
  return {.text = (options & 8) != 0 ? 130U : 0U, .binary = (options & 16) != 0 ? 260U : 0U};
}

// Pieces of `step` octets, each in a buffer of its own that is gone before the next is scanned.
Seen scan_in_steps(proto::Bytes wire, size_t step, uint8_t options) {
  const auto sender = (options & 1) != 0 ? ws::Sender::client : ws::Sender::server;
  ws::FrameScanner scanner({sender, (options & 2) != 0, limits_of(options)});
  scanner.watch_pongs((options & 4) != 0);
  Seen seen;
  while (!wire.empty()) {
    const proto::Bytes piece = wire.first(std::min(step, wire.size()));
    const auto buffer = std::make_unique<uint8_t[]>(piece.size());
    std::copy(piece.begin(), piece.end(), buffer.get());
    feed(scanner, {buffer.get(), piece.size()}, seen);
    wire = wire.subspan(piece.size());
  }
  require(scanner.closed() == seen.closed);
  return seen;
}

void require_same(const Seen& a, const Seen& b) {
  require(a.passed == b.passed);
  require(a.closed == b.closed && a.refused == b.refused);
  require(a.counts == b.counts);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const proto::Bytes wire(data + 2, size - 2);
  const Seen whole = scan_in_steps(wire, size, data[0]);
  require(whole.passed.size() <= wire.size());
  require(std::equal(whole.passed.begin(), whole.passed.end(), wire.begin()));
  require(whole.counts.payload_bytes <= wire.size());
  const ws::MessageLimits limits = limits_of(data[0]);
  const bool limited = limits.text != 0 && limits.binary != 0;
  require(!limited || whole.counts.largest_message <= std::max(limits.text, limits.binary));
  require_same(whole, scan_in_steps(wire, 1, data[0]));
  require_same(whole, scan_in_steps(wire, 1 + data[1] % 31U, data[0]));
  return 0;
}
