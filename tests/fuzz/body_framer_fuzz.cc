// Any bytes as the body of a message: the same octets and the same end however the bytes were cut;
// within what the framing allows; and wherever llhttp reads a body to its end, so do we, or refuse.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include <llhttp.h>

#include "proto/http1/body_framer.h"
#include "tests/fuzz/require.h"

namespace {

using tests::require;

namespace http1 = proto::http1;
using http1::BodyDecoder;
using http1::BodyFraming;
using proto::Bytes;

struct Reading {
  BodyDecoder::Progress progress = BodyDecoder::Progress::more;
  size_t consumed = 0;
  std::string octets;
  std::string_view why;
  bool operator==(const Reading&) const = default;
};

Reading read(const BodyFraming& framing, Bytes in, size_t piece) {
  BodyDecoder decoder(framing);
  Reading reading;
  reading.progress = decoder.progress();
  std::string joined;
  while (reading.consumed < in.size() && reading.progress == BodyDecoder::Progress::more) {
    const Bytes rest = in.subspan(reading.consumed);
    const Bytes given = rest.first(std::min(piece, rest.size()));
    const auto decoded = http1::decode_read(decoder, given, joined);
    require(decoded.consumed <= given.size());
    require(decoded.progress != BodyDecoder::Progress::more || decoded.consumed == given.size());
    reading.progress = decoded.progress;
    reading.consumed += decoded.consumed;
    reading.octets += proto::text_of(decoded.octets);
  }
  reading.why = decoder.why();
  require(reading.octets.size() == decoder.octets());
  require((reading.progress == BodyDecoder::Progress::broken) == !reading.why.empty());
  return reading;
}

void check_limits(const BodyFraming& framing, const Reading& reading) {
  require(reading.octets.size() <= reading.consumed);
  const uint64_t around = reading.consumed - reading.octets.size();
  if (framing.kind == BodyFraming::Kind::chunked) {
    // The octet that is too much is looked at.
    require(around <= BodyDecoder::kMaxFramingFactor * reading.octets.size() +
                          BodyDecoder::kMaxFramingBase + 1);
  } else {
    require(around == 0);
  }
}

// What is written anew reads the same.
void check_chunks(const Reading& reading) {
  std::string wire;
  if (!reading.octets.empty()) http1::append_chunk(wire, proto::bytes_of(reading.octets));
  wire += http1::kLastChunk;
  const Reading again =
      read({.kind = BodyFraming::Kind::chunked}, proto::bytes_of(wire), wire.size());
  require(again.progress == BodyDecoder::Progress::complete && again.consumed == wire.size());
  require(again.octets == reading.octets);
}

// The second reader, over a head of our own.
struct Second {
  explicit Second(const std::string& head) {
    llhttp_settings_init(&settings);
    settings.on_body = [](llhttp_t* by, const char* data, size_t size) noexcept {
      static_cast<Second*>(by->data)->octets.append(data, size);
      return 0;
    };
    settings.on_message_complete = [](llhttp_t*) noexcept { return static_cast<int>(HPE_PAUSED); };
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = this;
    require(llhttp_execute(&parser, head.data(), head.size()) == HPE_OK);
  }

  void read(Bytes in) {
    const char* begin = proto::text_of(in).data();
    error = llhttp_execute(&parser, begin, in.size());
    if (error != HPE_OK) consumed = static_cast<size_t>(llhttp_get_error_pos(&parser) - begin);
  }

  llhttp_t parser{};
  llhttp_settings_t settings{};
  llhttp_errno_t error = HPE_OK;
  size_t consumed = 0;
  std::string octets;
};

void compare(const BodyFraming& framing, Bytes in, const Reading& ours) {
  const bool chunked = framing.kind == BodyFraming::Kind::chunked;
  Second second("POST / HTTP/1.1\r\nHost: h\r\n" +
                (chunked ? "Transfer-Encoding: chunked\r\n\r\n"
                         : "Content-Length: " + std::to_string(framing.length) + "\r\n\r\n"));
  second.read(in);
  if (second.error == HPE_PAUSED) {
    // It found an end: ours is the same one, with the same octets, or there is none for us.
    require(ours.progress != BodyDecoder::Progress::more);
    if (ours.progress != BodyDecoder::Progress::complete) return;
    require(second.consumed == ours.consumed && second.octets == ours.octets);
  } else if (second.error == HPE_OK) {
    require(ours.progress != BodyDecoder::Progress::complete);
    if (ours.progress == BodyDecoder::Progress::more) require(second.octets == ours.octets);
  }
}

}  // namespace

// The first two bytes say how the body is framed and how large the pieces are; the rest is a body
// and what may stand behind it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  BodyFraming framing;
  if (data[0] % 4 == 1) framing = {.kind = BodyFraming::Kind::length, .length = data[0]};
  if (data[0] % 4 == 2) framing = {.kind = BodyFraming::Kind::until_close};
  if (data[0] % 4 == 3) framing = {.kind = BodyFraming::Kind::chunked};
  const Bytes in(data + 2, size - 2);
  const Reading whole = read(framing, in, in.size());
  require(whole == read(framing, in, size_t{data[1]} % 64 + 1));
  check_limits(framing, whole);
  check_chunks(whole);
  if (data[0] % 2 == 1) compare(framing, in, whole);
  return 0;
}
