#include "proto/ws/frame_scanner.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

namespace proto::ws {

namespace {
uint64_t units_of(uint64_t size, uint64_t unit) { return size == 0 ? 1 : (size - 1) / unit + 1; }
}  // namespace

// A control frame's header never needs the longer lengths: two octets and the key.
struct FrameScanner::Apart {
  std::array<uint8_t, kMaxHeaderSize> part{};  // a header that is not whole yet, or just became so
  uint8_t part_size = 0;                       // 0: there is none

  FrameHeader header;
  uint8_t whole_size = 0;
  uint8_t gathered = 0;  // of `octets`, when the frame comes in pieces
  uint8_t payload_size = 0;
  std::array<uint8_t, 2 + sizeof(MaskingKey) + kMaxControlPayload> octets{};
  std::array<uint8_t, kMaxControlPayload> payload{};  // unmasked
  std::optional<Close> close;
  std::optional<Offence> offence;

  Bytes add(Bytes& in) {
    const size_t taken = std::min<size_t>(in.size(), whole_size - gathered);
    std::copy_n(in.begin(), taken, octets.begin() + gathered);
    gathered = static_cast<uint8_t>(gathered + taken);
    in = in.subspan(taken);
    return Bytes(octets).first(gathered);
  }
  bool incomplete() const { return gathered < whole_size; }
  Bytes plain() const { return Bytes(payload).first(payload_size); }
};

FrameScanner::FrameScanner(const Options& options)
    : limits_(options.limits),
      sender_(options.sender),
      permessage_deflate_(options.permessage_deflate) {
  static_assert(sizeof(FrameScanner) <= 40 + sizeof(Counts),
                "a session has two, and sessions are many");
}
FrameScanner::FrameScanner(FrameScanner&&) noexcept = default;
FrameScanner& FrameScanner::operator=(FrameScanner&&) noexcept = default;
FrameScanner::~FrameScanner() = default;

FrameScanner::Event FrameScanner::scan(Bytes& in) {
  if (stage_ != Stage::watching) {
    in = {};
    return {};
  }
  if (apart_) {
    if (apart_->part_size > 0) return finish_header(in);
    if (apart_->incomplete()) return gather(in);
    apart_.reset();
  }
  return scan_frames(in);
}

// Lets whole frames and parts of payload pass up to the end of the input, or to what may not.
FrameScanner::Event FrameScanner::scan_frames(Bytes& in) {
  size_t at = payload_left_ > 0 ? pass_payload(in.size()) : 0;
  while (at < in.size()) {
    const HeaderRead read = read_header(in.subspan(at), rules());
    if (!passes(read)) {
      // Frames before it go first, in one piece.
      if (at == 0) return take_apart(read, in);
      break;
    }
    if (read.size == 0) {
      hold_header(in.subspan(at));
      return {.octets = std::exchange(in, {}).first(at)};
    }
    start_frame(read.header);
    at += read.size;
    at += pass_payload(in.size() - at);
  }
  const Bytes passed = in.first(at);
  in = in.subspan(at);
  return {.octets = passed};
}

// Joins the held part of a header with what came.
FrameScanner::Event FrameScanner::finish_header(Bytes& in) {
  Apart& apart = *apart_;
  const size_t held = apart.part_size;
  const size_t added = std::min(in.size(), apart.part.size() - held);
  std::copy_n(in.begin(), added, apart.part.begin() + static_cast<ptrdiff_t>(held));
  const Bytes joined = Bytes(apart.part).first(held + added);
  const HeaderRead read = read_header(joined, rules());
  if (read.size == 0 && !read.violation) {
    apart.part_size = static_cast<uint8_t>(joined.size());
    in = {};
    return {};
  }
  apart.part_size = 0;
  if (!passes(read)) {
    Bytes header = joined.first(read.size);
    in = in.subspan(read.violation ? in.size() : read.size - held);
    const Event event = take_apart(read, header);
    return apart_->incomplete() ? gather(in) : event;
  }
  in = in.subspan(read.size - held);
  start_frame(read.header);
  // An empty frame ends here.
  pass_payload(0);
  return {.octets = joined.first(read.size)};
}

bool FrameScanner::passes(const HeaderRead& read) const {
  if (read.size == 0) return !read.violation;
  return !must_be_whole(read.header.opcode) && exceeded_by(read.header) == 0;
}

// Takes what `in` begins with, an offence, a Close or a watched Pong: an event of its own.
FrameScanner::Event FrameScanner::take_apart(const HeaderRead& read, Bytes& in) {
  if (read.violation) {
    in = {};
    return refuse({.violation = *read.violation});
  }
  if (const uint32_t exceeded = exceeded_by(read.header)) {
    in = {};
    return refuse({.violation = {CloseCode::message_too_big, "message larger than allowed"},
                   .exceeded = exceeded,
                   .exceeding = message_of(read.header)});
  }
  // Behind a header that came in parts there is one, which `in` may be a view of.
  if (!apart_) apart_ = std::make_unique<Apart>();
  const size_t size = read.size + static_cast<size_t>(read.header.payload_length);
  if (in.size() >= size) {
    const Bytes frame = in.first(size);
    in = in.subspan(size);
    return show(read.header, frame);
  }
  apart_->header = read.header;
  apart_->whole_size = static_cast<uint8_t>(size);
  return gather(in);
}

FrameScanner::Event FrameScanner::gather(Bytes& in) {
  const Bytes frame = apart_->add(in);
  if (apart_->incomplete()) return {};
  return show(apart_->header, frame);
}

FrameScanner::Event FrameScanner::show(const FrameHeader& header, Bytes frame) {
  Apart& shown = *apart_;
  shown.payload_size = static_cast<uint8_t>(header.payload_length);
  const std::span<uint8_t> plain = std::span(shown.payload).first(shown.payload_size);
  std::ranges::copy(frame.last(plain.size()), plain.begin());
  if (header.masking_key) apply_mask(plain, *header.masking_key, 0);
  if (header.opcode == Opcode::pong) {
    ++counts_.pong_frames;
    return {.octets = frame, .what = Event::What::pong};
  }
  Result<Close, Violation> close = judge_close(plain);
  if (!close) return refuse({.violation = close.error()});
  shown.close = std::move(*close);
  ++counts_.close_frames;
  stage_ = Stage::closed;
  return {.octets = frame, .what = Event::What::closed};
}

FrameScanner::Event FrameScanner::refuse(const Offence& offence) {
  if (!apart_) apart_ = std::make_unique<Apart>();
  apart_->offence = offence;
  stage_ = Stage::refused;
  return {.octets = {}, .what = Event::What::refused};
}

void FrameScanner::start_frame(const FrameHeader& header) {
  payload_left_ = header.payload_length;
  passing_data_ = !is_control(header.opcode);
  passing_last_ = header.fin;
  if (passing_data_) {
    ++counts_.data_frames;
    if (header.opcode == Opcode::continuation) return;
    message_ = header.opcode;
    message_size_ = 0;
    return;
  }
  // Control frames may come between fragments (§5.4), so they leave the open message alone.
  ++(header.opcode == Opcode::ping ? counts_.ping_frames : counts_.pong_frames);
}

// Lets up to `available` octets of the frame's payload pass; returns how many.
size_t FrameScanner::pass_payload(size_t available) {
  const size_t passed = static_cast<size_t>(std::min<uint64_t>(payload_left_, available));
  payload_left_ -= passed;
  if (!passing_data_) return passed;
  counts_.payload_bytes += passed;
  message_size_ += passed;
  counts_.largest_message = std::max(counts_.largest_message, message_size_);
  if (payload_left_ == 0 && passing_last_) end_message();
  return passed;
}

void FrameScanner::end_message() {
  ++(message_ == Opcode::text ? counts_.text_messages : counts_.binary_messages);
  counts_.units_2k += units_of(message_size_, 2048);
  counts_.units_32k += units_of(message_size_, 32'768);
  message_ = Opcode::continuation;
}

void FrameScanner::hold_header(Bytes part) {
  apart_ = std::make_unique<Apart>();
  assert(!part.empty() && part.size() < apart_->part.size());
  std::ranges::copy(part, apart_->part.begin());
  apart_->part_size = static_cast<uint8_t>(part.size());
}

Bytes FrameScanner::pong() const { return apart_->plain(); }

void FrameScanner::leave_out_pong() {
  assert(apart_ && !apart_->close && !apart_->offence && !apart_->incomplete());
  --counts_.pong_frames;
}

const Close* FrameScanner::close() const {
  return stage_ == Stage::closed ? &*apart_->close : nullptr;
}

const Offence* FrameScanner::offence() const {
  return stage_ == Stage::refused ? &*apart_->offence : nullptr;
}

// The kind of the message that a data frame belongs to.
Opcode FrameScanner::message_of(const FrameHeader& header) const {
  return header.opcode == Opcode::continuation ? message_ : header.opcode;
}

// The limit that the message would exceed with all of this frame in it; 0: none. By what the header
// announces: none of the frame has to be read, let alone forwarded, to know it.
uint32_t FrameScanner::exceeded_by(const FrameHeader& header) const {
  if (is_control(header.opcode)) return 0;
  const bool goes_on = header.opcode == Opcode::continuation;
  const uint32_t limit = message_of(header) == Opcode::text ? limits_.text : limits_.binary;
  if (limit == 0) return 0;
  // What has passed is never above the limit, so nothing wraps around here.
  const uint64_t left = limit - (goes_on ? message_size_ : 0);
  return header.payload_length > left ? limit : 0;
}

FrameRules FrameScanner::rules() const {
  return {sender_, permessage_deflate_, message_ != Opcode::continuation};
}

bool FrameScanner::must_be_whole(Opcode opcode) const {
  return opcode == Opcode::close || (opcode == Opcode::pong && watching_pongs_);
}

}  // namespace proto::ws
