#include "proto/http1/body_framer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <limits>
#include <optional>

#include "proto/base/text.h"
#include "proto/http1/head_gate.h"

namespace proto::http1 {

namespace {

// Sixteen digits fill 64 bits; readers with signed sizes exist, so the top half is nobody's.
constexpr uint8_t kMaxDigits = 16;
constexpr uint64_t kMaxChunk = std::numeric_limits<int64_t>::max();

// Those of line ends apart.
constexpr bool is_control(uint8_t octet) {
  return (octet < 0x20 && octet != '\t' && octet != '\r' && octet != '\n') || octet == 0x7f;
}

constexpr bool is_printable(uint8_t octet) {
  return !is_control(octet) && octet < 0x7f && octet != '\r' && octet != '\n';
}

std::optional<uint8_t> hex_digit(uint8_t octet) {
  if (octet >= '0' && octet <= '9') return static_cast<uint8_t>(octet - '0');
  const uint8_t lower = octet | 0x20;
  if (lower >= 'a' && lower <= 'f') return static_cast<uint8_t>(lower - 'a' + 10);
  return std::nullopt;
}

// RFC 9110 §6.5.1: what could change the framing or the routing never comes behind the body.
bool is_forbidden_trailer(const Field& field) {
  constexpr std::array<std::string_view, 3> kForbidden = {"Content-Length", "Transfer-Encoding",
                                                          "Host"};
  return std::any_of(kForbidden.begin(), kForbidden.end(),
                     [&](std::string_view name) { return equals_ignoring_case(field.name, name); });
}

// Nothing when neither field is there.
std::optional<BodyFraming> announced(const Fields& fields) {
  if (fields.first("Transfer-Encoding")) return BodyFraming{BodyFraming::Kind::chunked};
  const std::optional<std::string_view> length = fields.first("Content-Length");
  if (!length) return std::nullopt;
  return BodyFraming{BodyFraming::Kind::length, parse_decimal(*length).value_or(0)};
}

}  // namespace

BodyFraming request_body(const RequestHead& head) {
  return announced(head.fields).value_or(BodyFraming{});
}

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

BodyFraming answer_body(const ResponseHead& head, bool to_head) {
  if (to_head || !has_body(head.status)) return {};
  return announced(head.fields).value_or(BodyFraming{BodyFraming::Kind::until_close});
}

BodyDecoder::BodyDecoder(const BodyFraming& framing) : kind_(framing.kind), left_(framing.length) {
  if (!framing.has_body()) become(State::complete);
  if (kind_ == BodyFraming::Kind::chunked) become(State::size);
  if (kind_ == BodyFraming::Kind::until_close) left_ = std::numeric_limits<uint64_t>::max();
}

BodyDecoder::Progress BodyDecoder::progress() const {
  if (state_ == State::complete) return Progress::complete;
  return state_ == State::broken ? Progress::broken : Progress::more;
}

BodyDecoder::Decoded BodyDecoder::decode(Bytes in) {
  size_t at = 0;
  while (at < in.size() && progress() == Progress::more && state_ != State::data)
    take_framing(in[at++]);
  const Bytes octets = state_ == State::data ? take_data(in.subspan(at)) : Bytes{};
  at += octets.size();
  // The line end behind a chunk carries nothing, and whoever has all octets wants to know.
  while (at < in.size() && (state_ == State::after_data || state_ == State::after_data_cr))
    take_framing(in[at++]);
  return {progress(), at, octets};
}

Bytes BodyDecoder::take_data(Bytes in) {
  const Bytes taken = in.first(static_cast<size_t>(std::min<uint64_t>(in.size(), left_)));
  left_ -= taken.size();
  octets_ += taken.size();
  if (left_ == 0) become(kind_ == BodyFraming::Kind::chunked ? State::after_data : State::complete);
  return taken;
}

BodyDecoder::Progress BodyDecoder::end() {
  if (progress() != Progress::more) return progress();
  if (kind_ == BodyFraming::Kind::until_close) {
    become(State::complete);
  } else {
    break_off("the body was cut short");
  }
  return progress();
}

void BodyDecoder::take_framing(uint8_t octet) {
  if (++framing_ > kMaxFramingFactor * octets_ + kMaxFramingBase) {
    break_off("far more framing of chunks than body");
    return;
  }
  switch (state_) {
    case State::size:
      return take_size(octet);
    case State::extension:
      return take_extension(octet);
    case State::size_cr:
      if (octet == '\n') return end_size_line();
      return break_off("a CR without LF behind a chunk size");
    case State::after_data:
      return expect(octet, '\r', State::after_data_cr, "more octets than the chunk size says");
    case State::after_data_cr:
      return expect(octet, '\n', State::size, "a CR without LF behind a chunk");
    case State::trailers:
      return take_trailer(octet);
    case State::data:
    case State::complete:
    case State::broken:
      assert(false);
  }
}

void BodyDecoder::take_size(uint8_t octet) {
  if (const std::optional<uint8_t> digit = hex_digit(octet)) {
    if (digits_++ == kMaxDigits) return break_off("a chunk size of more than 16 digits");
    left_ = left_ << 4 | *digit;
    return;
  }
  if (digits_ == 0) return break_off("a chunk without a size");
  if (octet == '\r') return become(State::size_cr);
  if (octet == '\n') return break_off("a LF without CR behind a chunk size");
  if (octet != ';') return break_off("a chunk size that is not a hexadecimal number");
  extension_ = 1;
  become(State::extension);
}

void BodyDecoder::take_extension(uint8_t octet) {
  if (octet == '\r') return become(State::size_cr);
  if (!is_printable(octet)) return break_off("a chunk extension that is not printable ASCII");
  if (extension_++ == kMaxExtension) break_off("a chunk extension that is too long");
}

void BodyDecoder::end_size_line() {
  if (left_ > kMaxChunk) return break_off("a chunk size that is too large");
  if (left_ > 0) return become(State::data);
  trailers_ = std::make_unique<std::string>();
  become(State::trailers);
}

// The section as a whole is read as fields; here only what lines are made of.
void BodyDecoder::take_trailer(uint8_t octet) {
  const bool after_cr = trailers_->ends_with('\r');
  if (after_cr != (octet == '\n')) return break_off("a line end in the trailers that is not CR LF");
  if (is_control(octet)) return break_off("a control character in the trailers");
  if (trailers_->size() == kMaxTrailerSize) return break_off("the trailers are too large");
  trailers_->push_back(static_cast<char>(octet));
  if (octet != '\n') return;
  if (*trailers_ == "\r\n" || trailers_->ends_with("\r\n\r\n")) return judge_trailers();
  if (++lines_ > kMaxTrailers) break_off("too many trailers");
}

void BodyDecoder::judge_trailers() {
  Fields fields;
  const Verdict refused = read_fields(*trailers_, fields);
  if (refused) return break_off("trailers that are no fields");
  if (std::any_of(fields.all().begin(), fields.all().end(), is_forbidden_trailer))
    return break_off("a trailer that says where a message ends or who it is for");
  trailers_.reset();
  become(State::complete);
}

void BodyDecoder::expect(uint8_t octet, char expected, State next, std::string_view why) {
  if (octet != static_cast<uint8_t>(expected)) return break_off(why);
  become(next);
}

void BodyDecoder::become(State state) {
  state_ = state;
  if (state != State::size) return;
  digits_ = 0;
  left_ = 0;
}

void BodyDecoder::break_off(std::string_view why) {
  state_ = State::broken;
  why_ = why;
  trailers_.reset();
}

BodyDecoder::Decoded decode_read(BodyDecoder& decoder, Bytes in, std::string& joined) {
  BodyDecoder::Decoded all = decoder.decode(in);
  joined.clear();
  while (all.progress == BodyDecoder::Progress::more && all.consumed < in.size()) {
    const BodyDecoder::Decoded next = decoder.decode(in.subspan(all.consumed));
    all.progress = next.progress;
    all.consumed += next.consumed;
    if (next.octets.empty()) continue;
    if (all.octets.empty()) {
      all.octets = next.octets;
      continue;
    }
    if (joined.empty()) {
      joined.reserve(in.size());
      joined.append(text_of(all.octets));
    }
    joined.append(text_of(next.octets));
    all.octets = bytes_of(joined);
  }
  return all;
}

void append_chunk(std::string& out, Bytes octets) {
  assert(!octets.empty());
  std::array<char, kMaxDigits> size{};
  const auto written = std::to_chars(size.data(), size.data() + size.size(), octets.size(), 16);
  out.append(size.data(), written.ptr).append("\r\n");
  out.append(text_of(octets)).append("\r\n");
}

}  // namespace proto::http1
