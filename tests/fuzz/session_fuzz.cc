// Lets a session live through any bytes, ends, failures, congestion and time at both legs, and
// checks what must hold whatever the order: one end, figures that add up, and nothing forwarded
// that did not come. Input: an octet of settings, then steps of an octet that says what and, for
// most, one that says how much.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/fuzz/input.h"
#include "tests/fuzz/require.h"
#include "tests/support/session_stage.h"

namespace {

using gateway::usage::Field;
using proto::Bytes;
using proto::ws::CloseCode;
using proto::ws::Opcode;
using proto::ws::Sender;
using tests::Input;
using tests::milliseconds;
using tests::require;
using Wire = std::vector<uint8_t>;

gateway::config::WebSocket settings_of(uint8_t chosen) {
  gateway::config::WebSocket settings;
  settings.connection_timeout = milliseconds(1000 + 1000 * (chosen & 3));
  if ((chosen & 4) != 0)
    settings.keepalive = {.interval = milliseconds(1000), .timeout = milliseconds(500)};
  if ((chosen & 8) != 0) settings.read_idle.client = milliseconds(1000);
  if ((chosen & 16) != 0) settings.write_idle.origin = milliseconds(1500);
  if ((chosen & 32) != 0)
    settings.max_lifetime = {.after = milliseconds(5000), .jitter_percent = 50};
  if ((chosen & 128) != 0) settings.max_message = {.text = 100, .binary = 150};
  settings.send_stall_timeout = milliseconds(1000);
  return settings;
}

// One direction, as its sender and the far end know it.
struct Way {
  Sender sender;
  Wire sent;             // what may be forwarded
  bool clean = true;     // only whole frames were sent, so a frame may follow
  uint64_t answers = 0;  // bytes sent that answer pings of the edge
};

bool matches(Bytes part, Bytes sent) {
  return part.size() <= sent.size() && std::equal(part.begin(), part.end(), sent.begin());
}

// How many octets of `received` were forwarded; aborts unless they are a prefix of what was sent,
// with frames of the edge's own between them: pings, and one Close that nothing follows.
uint64_t forwarded(const Way& way, Bytes received) {
  const proto::ws::FrameRules loose{.sender = way.sender, .permessage_deflate = true};
  uint64_t count = 0;
  while (!received.empty()) {
    auto read = proto::ws::read_header(received, loose);
    if (read.violation) {
      auto within = loose;
      within.message_open = true;
      read = proto::ws::read_header(received, within);
    }
    const uint64_t size = read.size == 0 ? received.size() : read.size + read.header.payload_length;
    const Bytes frame =
        received.first(static_cast<size_t>(std::min<uint64_t>(size, received.size())));
    received = received.subspan(frame.size());
    if (matches(frame, Bytes(way.sent).subspan(count))) {
      count += frame.size();
      continue;
    }
    const bool ping = frame[0] == 0x89 && way.sender == Sender::server;
    const bool close = frame[0] == 0x88;
    require(ping || close);
    require(!close || received.empty());
  }
  return count;
}

class Run {
 public:
  explicit Run(uint8_t chosen)
      : stage_({.settings = settings_of(chosen), .permessage_deflate = (chosen & 64) != 0}) {}

  void step(Input& input) {
    const uint8_t what = input.octet();
    const bool client = (what & 0x80) != 0;
    tests::Peer& peer = client ? stage_.client : stage_.origin;
    switch (what & 0x0f) {
      case 0:
        raw(client, input.octets(input.octet()));
        break;
      case 1:
        frame(client, Opcode::text, input.octets(input.octet() % 126));
        break;
      case 2:
        frame(client, Opcode::binary, input.octets(input.octet()));
        break;
      case 3:
        frame(client, Opcode::ping, input.octets(input.octet() % 126));
        break;
      case 4:
        frame(client, Opcode::pong, input.octets(input.octet() % 126));
        break;
      case 5:
        close(client, input.octet());
        break;
      case 6:
        peer.end();
        break;
      case 7:
        (what & 0x40) != 0 ? peer.vanish() : peer.fail();
        break;
      case 8:
        peer.set_room(input.octet());
        break;
      case 9:
        peer.take(input.octet());
        break;
      case 10:
        peer.take();
        break;
      case 11:
        stage_.pass(milliseconds(input.octet()));
        break;
      case 12:
        stage_.pass(milliseconds(20 * input.octet()));
        break;
      case 13:
        decide(input.octet());
        break;
      case 14:
        answer_ping();
        break;
      default:
        if ((what & 0x40) != 0) say_state(peer, input.octet());
        peer.pump();
        break;
    }
    check();
  }

  // No state without a timer: whatever stands open now ends by itself.
  void finish() {
    stage_.pass(std::chrono::hours(1));
    require(stage_.ended());
    check();
    require(stage_.counters().active.value() == 0);
    require(stage_.admission.held() == 0);
    require(stage_.metered(Field::client_bytes_in) == stage_.client.shown() - client_.answers);
    require(stage_.origin_traffic().bytes_in.value() == stage_.origin.shown());
    check_record();
  }

 private:
  void send(bool client, const Wire& wire) {
    Way& way = client ? client_ : origin_;
    way.sent.insert(way.sent.end(), wire.begin(), wire.end());
    (client ? stage_.client : stage_.origin).send(wire);
  }
  void raw(bool client, Bytes octets) {
    if (octets.empty()) return;
    (client ? client_ : origin_).clean = false;
    send(client, {octets.begin(), octets.end()});
  }
  void frame(bool client, Opcode opcode, Bytes payload) {
    const std::string_view text = proto::text_of(payload);
    send(client, client ? tests::from_client(opcode, text) : tests::from_origin(opcode, text));
  }
  void close(bool client, uint8_t code) {
    const auto chosen = static_cast<CloseCode>(4000 + code);
    send(client, client ? tests::client_close(chosen) : tests::origin_close(chosen));
    (client ? client_ : origin_).clean = false;
  }

  void decide(uint8_t what) {
    if (stage_.ended()) return;
    if (what == 0) {
      stage_.session().abort();
    } else if (what % 2 == 0) {
      stage_.session().close(gateway::outcome::Cause::quota, CloseCode::policy_violation,
                             "used up");
    } else {
      stage_.session().close(gateway::outcome::Cause::drain, CloseCode::service_restart, "restart",
                             stage_.now() + milliseconds(20 * what));
    }
  }

  // The kernel has bytes that the peer has not taken, and has seen it take others.
  static void say_state(tests::Peer& peer, uint8_t what) {
    peer.set_held(what >> 4);
    peer.set_state({.acknowledged = static_cast<uint64_t>(what & 0x0f)});
  }

  // Of a Close that waited in vain the peer saw nothing, and only time before the end is billed.
  void check_record() {
    const auto record = stage_.records.take().back();
    const auto cut = stage_.waited(record.end.cause, false);
    require(cut + stage_.waited(record.end.cause, true) <= 2);
    require(cut == 0 || record.end.stage == gateway::outcome::Stage::open);
    const auto connected = record.totals[gateway::usage::Field::connection_milliseconds];
    require(connected <= record.duration_ms);
    require(connected == stage_.metered()[gateway::usage::Field::connection_milliseconds]);
  }

  // Once for each ping, where its pong can be told from what came before it.
  void answer_ping() {
    if (stage_.ended() || !client_.clean || stage_.client.paused() || !stage_.client.connected())
      return;
    if (!stage_.session().relay().awaiting_pong() || stage_.client.queued() != 0) return;
    const Wire& received = stage_.client.received();
    if (received.size() < 10) return;
    const Bytes ping = Bytes(received).last(10);
    if (ping[0] != 0x89 || ping[1] != 8) return;
    const Wire pong = tests::from_client(Opcode::pong, proto::text_of(ping.last(8)));
    const bool looked_at = !stage_.session().relay().client().over();
    stage_.client.send(pong);
    // An origin may send the very same frame just before: then it was no answer, and is passed on.
    if (looked_at) client_.answers += pong.size();
  }

  void check() {
    const gateway::usage::Totals metered = stage_.metered();
    require(stage_.ends() == (stage_.ended() ? 1U : 0U));
    const uint64_t to_origin = forwarded(client_, stage_.origin.received());
    const uint64_t to_client = forwarded(origin_, stage_.client.received());
    // Never more than what was taken; frames of our own may delay a count, but not for ever.
    require(stage_.origin_traffic().bytes_out.value() <= to_origin);
    require(metered[Field::client_bytes_out] <= to_client);
    require(metered[Field::client_bytes_in] >= stage_.origin_traffic().bytes_out.value());
    require(stage_.origin_traffic().bytes_in.value() >= metered[Field::client_bytes_out]);
    require(stage_.client.queued() <= kMostQueued && stage_.origin.queued() <= kMostQueued);
  }

  // One read, what a scanner holds back, and frames of our own.
  static constexpr size_t kMostQueued = 300 + 150 + 150;

  tests::SessionStage stage_;
  Way client_{.sender = Sender::client, .sent = {}};
  Way origin_{.sender = Sender::server, .sent = {}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Longer inputs only repeat themselves.
  if (size > 4096) return 0;
  Input input({data, size});
  Run run(input.octet());
  while (!input.empty()) run.step(input);
  run.finish();
  return 0;
}
