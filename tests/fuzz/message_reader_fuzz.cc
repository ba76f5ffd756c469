// Reads messages out of any bytes, whole and octet by octet: the events are the same, and none
// passes the limit. Input: an octet for the sender, an octet for the limit, then the wire.
#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "proto/base/utf8.h"
#include "proto/ws/message_reader.h"
#include "tests/fuzz/require.h"

namespace ws = proto::ws;
using Reader = ws::MessageReader;

namespace {

using tests::require;

struct Seen {
  bool last;
  std::string text;
  bool operator==(const Seen&) const = default;
};

Seen seen_in(const Reader::Event& event, uint64_t max_message) {
  if (const auto* message = std::get_if<Reader::Message>(&event)) {
    require(message->payload.size() <= max_message);
    require(message->opcode != ws::Opcode::text ||
            proto::is_utf8(proto::bytes_of(message->payload)));
    return {false, message->payload};
  }
  if (const auto* control = std::get_if<Reader::Control>(&event)) {
    require(control->payload.size() <= ws::kMaxControlPayload);
    return {false, control->payload};
  }
  if (const auto* close = std::get_if<ws::Close>(&event)) return {true, close->reason};
  if (const auto* violation = std::get_if<ws::Violation>(&event)) {
    return {true, std::string(violation->why)};
  }
  return {false, ""};
}

std::vector<Seen> read_in_steps(proto::Bytes wire, size_t step, ws::Sender sender, uint64_t limit) {
  Reader reader(sender, limit);
  std::vector<Seen> seen;
  while (!wire.empty()) {
    proto::Bytes piece = wire.first(std::min(step, wire.size()));
    wire = wire.subspan(piece.size());
    for (auto event = reader.read(piece); event.index() != 0; event = reader.read(piece)) {
      seen.push_back(seen_in(event, limit));
    }
    require(piece.empty());
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const auto sender = (data[0] & 1) != 0 ? ws::Sender::client : ws::Sender::server;
  const proto::Bytes wire(data + 2, size - 2);
  const auto whole = read_in_steps(wire, size, sender, data[1]);
  require(whole == read_in_steps(wire, 1, sender, data[1]));
  // A Close or a Violation is the last event.
  for (size_t i = 0; i + 1 < whole.size(); ++i) require(!whole[i].last);
  return 0;
}
