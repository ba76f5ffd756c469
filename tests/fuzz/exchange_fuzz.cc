// Lets exchanges live one after the other through any bytes, ends, failures, congestion and time at
// both of their sides, over connections that serve several, and checks what must hold whatever the
// order: one end each, figures that add up, bodies that are what was sent, and no octet of one
// client at another. Input: an octet of settings, then steps of an octet that says what and, for
// most, one that says how much.
#define DOCTEST_CONFIG_IMPLEMENT  // the scene checks, too
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "tests/fuzz/input.h"
#include "tests/fuzz/require.h"
#include "tests/support/exchange_scene.h"

namespace {

using gateway::outcome::Cause;
using proto::Bytes;
using proto::http1::BodyDecoder;
using proto::http1::BodyFraming;
using std::chrono::milliseconds;
using tests::Input;
using tests::require;
using End = tests::MemoryClient::End;
using Kind = gateway::exchange::ClientSide::Body::Kind;

std::string http_of(uint8_t chosen) {
  std::string http = "response_timeout: 2s, send_stall_timeout: 1s, event_timeout: 5s";
  if ((chosen & 1) != 0) http += ", max_duration: 4s";
  if ((chosen & 6) == 2) http += ", retry: [connect, stale, no_answer, 502, 503]";
  if ((chosen & 6) == 4) http += ", retry: [connect]";
  return http;
}

std::string origin_of(uint8_t chosen) {
  std::string origin = "      establish_timeout: 1s\n      io_timeout: 1s\n";
  if ((chosen & 24) == 8) origin += "      reuse: { mode: off }\n";
  if ((chosen & 24) == 16) origin += "      reuse: { mode: always, requests: 3 }\n";
  return origin;
}

constexpr std::array<std::string_view, 8> kRequests = {
    "GET / HTTP/1.1\r\n",
    "HEAD / HTTP/1.1\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 20\r\n",
    "GET / HTTP/1.0\r\n",
    "OPTIONS / HTTP/1.1\r\n",
    "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n",
    "DELETE / HTTP/1.1\r\nContent-Length: 0\r\n",
    "GET / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"};

constexpr std::array<std::string_view, 16> kAnswers = {
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\"\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 10\r\n\r\n",
    "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=1\r\n\r\n",
    "HTTP/1.1 302 Found\r\nLocation: http://chat.example.com/\r\nContent-Length: 0\r\n\r\n",
    "0\r\n\r\n"};

class Run {
 public:
  explicit Run(uint8_t chosen) : scene_(http_of(chosen), origin_of(chosen)) {}

  void step(Input& input) {
    const uint8_t what = input.octet();
    if (!scene_.exchange || scene_.ends() > 0) {
      between(what, input);
    } else if ((what & 0x80) != 0) {
      client_step(what, input.octet());
    } else {
      origin_step(what, input);
    }
    check();
  }

  // No state without a timer: an exchange whose client goes away ends, and one that is alone with a
  // silent origin ends by itself.
  void finish() {
    if (!scene_.exchange) return;
    scene_.client.full = false;
    if (running()) scene_.exchange->on_client_drained();
    send_rest();
    for (int i = 0; i < 20 && running(); ++i) scene_.stage.pass(std::chrono::seconds(2));
    require(!running() || waits_for_client_);
    if (running()) leave();
    check();
  }

 private:
  bool running() const { return scene_.exchange && scene_.ends() == 0; }
  tests::Peer& origin() { return scene_.origins.back(); }
  uint8_t mark() const { return static_cast<uint8_t>(0x80 + number_ % 0x80); }

  // The octets that only this exchange's origin says.
  std::string marked(Bytes octets) const {
    std::string text(proto::text_of(octets));
    for (char& c : text) {
      if ((static_cast<uint8_t>(c) & 0x80) != 0) c = static_cast<char>(mark());
    }
    return text;
  }

  void between(uint8_t what, Input& input) {
    // An origin that speaks to nobody, or ends what is kept.
    if (scene_.exchange && (what & 0x40) != 0 && origin().connected()) {
      if ((what & 0x20) != 0) return origin().end();
      return scene_.say(origin(), marked(input.octets(input.octet())));
    }
    if (scene_.exchange && (what & 0x20) != 0)
      return scene_.stage.pass(milliseconds(10 * input.octet()));
    begin(what % kRequests.size());
  }

  void begin(size_t request) {
    scene_.exchange.reset();
    scene_.client = tests::MemoryClient();
    scene_.refusals = scene_.overs = 0;
    scene_.failure.reset();
    scene_.moved = {};
    ++number_;
    left_ = false;
    body_ended_ = false;
    body_.clear();
    if (scene_.resting() == 0) scene_.offer();
    heard_ = origin().received().size();
    shown_ = origin().shown();
    std::string head(kRequests[request]);
    method_ = head.substr(0, head.find(' '));
    scene_.begin(head + "Host: chat.example.com\r\n\r\n");
    chunked_ = head.find("chunked") != std::string::npos;
    length_ = head.find(": 20") != std::string::npos ? 20 : 0;
    body_ended_ = !chunked_ && length_ == 0;
    scene_.stage.settle();
  }

  void origin_step(uint8_t what, Input& input) {
    switch (what & 0x0f) {
      case 0:
      case 1:
        return scene_.say(origin(), marked(input.octets(input.octet())));
      case 2:
      case 3:
        return scene_.say(origin(), kAnswers[input.octet() % kAnswers.size()]);
      case 4:
      case 5: {
        std::string chunk;
        const std::string octets(input.octet() % 100 + 1, static_cast<char>(mark()));
        proto::http1::append_chunk(chunk, proto::bytes_of(octets));
        return scene_.say(origin(), chunk);
      }
      case 6:
        return scene_.say(origin(), std::string(input.octet() % 30, static_cast<char>(mark())));
      case 7:
        return origin().end();
      case 8:
        return (what & 0x40) != 0 ? origin().vanish() : origin().fail();
      case 9:
        return origin().set_room(input.octet());
      case 10:
        return origin().take(input.octet());
      case 11:
        return origin().take();
      case 12:
        return origin().pump();
      case 13:
        return scene_.stage.pass(milliseconds(input.octet()));
      default:
        return scene_.stage.pass(milliseconds(20 * input.octet()));
    }
  }

  void client_step(uint8_t what, uint8_t count) {
    switch (what & 0x07) {
      case 0:
      case 1:
        return send_body(count);
      case 2:
        if (chunked_ && may_send()) end_body();
        return;
      case 3:
        scene_.client.full = true;
        return;
      case 4:
        if (!std::exchange(scene_.client.full, false)) return;
        return scene_.exchange->on_client_drained();
      case 5:
        if (count % 4 == 0) leave();
        return;
      case 6:
        if (count % 4 != 0) return;
        return scene_.exchange->abort({.cause = Cause::drain, .status = 503, .why = "drained"});
      default:
        return scene_.stage.settle();
    }
  }

  bool may_send() const {
    return running() && scene_.client.accepted > 0 && !scene_.client.paused && !body_ended_;
  }

  void send_body(size_t count) {
    if (!may_send()) return;
    if (!chunked_) count = std::min(count, length_ - body_.size());
    const std::string octets(count, static_cast<char>('a' + number_ % 26));
    if (!octets.empty()) {
      body_ += octets;
      scene_.send_body(octets);
    }
    if (running() && !chunked_ && body_.size() == length_) end_body();
  }

  void end_body() {
    body_ended_ = true;
    scene_.exchange->on_body_end();
  }

  // As far as it is let.
  void send_rest() {
    origin().take();
    if (!may_send()) {
      waits_for_client_ = running() && !body_ended_;
      return;
    }
    if (chunked_) return end_body();
    send_body(length_);
  }

  void leave() {
    left_ = true;
    scene_.exchange->client_left();
  }

  void check() {
    if (!scene_.exchange) return;
    const tests::MemoryClient& client = scene_.client;
    require(scene_.ends() <= 1);
    require(client.begun <= 1);
    if (scene_.refusals > 0) require(client.begun == 0 && client.end == End::none);
    if (client.end != End::none) require(scene_.overs == 1 && client.begun == 1 && !left_);
    if (scene_.overs == 1 && !left_) require(client.end != End::none);
    if (client.end == End::cut) require(scene_.failure.has_value());
    check_body();
    check_upload();
    require(scene_.moved.in <= origin().shown() - shown_);
    if (!running() && !left_ && scene_.refusals == 0)
      require(scene_.moved.in == origin().shown() - shown_ || !origin().connected());
  }

  // What the client got is this exchange's, and as long as it was told.
  void check_body() {
    const tests::MemoryClient& client = scene_.client;
    const bool own = std::ranges::all_of(client.body, [this](char c) {
      return (static_cast<uint8_t>(c) & 0x80) == 0 || static_cast<uint8_t>(c) == mark();
    });
    require(own);
    if (client.begun == 0) return;
    if (client.framing.kind == Kind::none) require(client.body.empty());
    if (client.framing.kind != Kind::length) return;
    require(client.body.size() <= *client.framing.length);
    const bool whole = client.end == End::kept || client.end == End::closed;
    if (whole) require(client.body.size() == *client.framing.length);
  }

  // What the origin got behind the head is what this client has sent, as far as it has gone.
  void check_upload() {
    const std::string heard = scene_.heard(origin()).substr(heard_);
    if (heard.empty()) return;
    require(heard.starts_with(method_ + " "));
    const size_t end = heard.find("\r\n\r\n");
    if (end == std::string::npos) return;
    BodyFraming framing{chunked_ ? BodyFraming::Kind::chunked : BodyFraming::Kind::length, length_};
    BodyDecoder decoder(framing);
    std::string joined;
    const auto read = decode_read(decoder, proto::bytes_of(heard).subspan(end + 4), joined);
    require(read.progress != BodyDecoder::Progress::broken);
    require(end + 4 + read.consumed == heard.size());
    require(body_.starts_with(proto::text_of(read.octets)));
    if (chunked_ && read.progress == BodyDecoder::Progress::complete) require(body_ended_);
  }

  tests::ExchangeScene scene_;
  size_t number_ = 0;
  std::string method_;
  std::string body_;  // that the client has sent
  size_t length_ = 0;
  size_t heard_ = 0;    // by the origin's end, before this exchange
  uint64_t shown_ = 0;  // of that end's bytes, before it
  bool chunked_ = false;
  bool body_ended_ = false;
  bool left_ = false;
  bool waits_for_client_ = false;
};

void listen_to_checks() {
  static doctest::Context context;
  static const bool kSet = [] {
    context.setAsDefaultForAssertsOutOfTestCases();
    context.setAssertHandler([](const doctest::AssertData& data) { require(!data.m_failed); });
    return true;
  }();
  static_cast<void>(kSet);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 4096) return 0;
  listen_to_checks();
  Input input(Bytes(data, size));
  Run run(input.octet());
  while (!input.empty()) run.step(input);
  run.finish();
  return 0;
}
