#include "proto/ws/frame_scanner.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace proto::ws {

namespace {
uint64_t units_of(uint64_t size, uint64_t unit) {
  return size == 0 ? 1 : size / unit + (size % unit != 0 ? 1 : 0);
}
}  // namespace

// A control frame's header never needs the longer lengths: two octets and the key.
struct FrameScanner::Held {
  FrameHeader header;
  size_t header_size = 0;
  size_t whole_size = 0;
  size_t size = 0;
  std::array<uint8_t, 2 + sizeof(MaskingKey) + kMaxControlPayload> octets{};

  size_t add(Bytes in) {
    const size_t taken = std::min(in.size(), whole_size - size);
    std::copy_n(in.begin(), taken, octets.begin() + static_cast<ptrdiff_t>(size));
    size += taken;
    return taken;
  }
  bool whole() const { return size == whole_size; }
  Bytes frame() const { return Bytes(octets).first(size); }
};

FrameScanner::FrameScanner(const Options& options)
    : limits_(options.limits),
      sender_(options.sender),
      permessage_deflate_(options.permessage_deflate) {
  static_assert(sizeof(FrameScanner) <= 64, "a session has two, and sessions are many");
}
FrameScanner::FrameScanner(FrameScanner&&) noexcept = default;
FrameScanner& FrameScanner::operator=(FrameScanner&&) noexcept = default;
FrameScanner::~FrameScanner() = default;

FrameScanner::Scan FrameScanner::scan(Bytes in) {
  Scan scan;
  if (stage_ != Stage::watching || in.empty()) return scan;
  if (held_ && !held_->whole()) {
    fill_held(in, scan);
    return scan;
  }
  // What the last call handed out of it has been dealt with.
  if (held_) held_.reset();
  if (hold_size_ == 0) {
    scan_from(payload_left_ > 0 ? pass_payload(in.size(), scan.seen) : 0, in, scan);
    return scan;
  }
  const size_t at = finish_header(in, scan);
  if (at > 0) scan_from(at, in, scan);
  return scan;
}

// Scans frames that begin at `at` until the input, or what may be forwarded of it, ends. All before
// `at` has passed.
void FrameScanner::scan_from(size_t at, Bytes in, Scan& scan) {
  while (at < in.size()) {
    const Bytes left = in.subspan(at);
    const HeaderRead read = read_header(left, rules());
    if (read.violation) {
      refuse(*read.violation, scan);
      break;
    }
    if (read.size == 0) {
      hold_header(left);
      break;
    }
    if (must_be_whole(read.header.opcode)) {
      at += take_control(read, left, scan);
      break;
    }
    if (refuse_too_large(read.header, scan)) break;
    start_frame(read.header, scan.seen);
    at += read.size;
    at += pass_payload(in.size() - at, scan.seen);
  }
  scan.ready = in.first(at);
}

// Joins the held part of a header with what came. Returns how far scanning got in `in`; 0: there is
// nothing to go on to.
size_t FrameScanner::finish_header(Bytes in, Scan& scan) {
  const Bytes hold = Bytes(holds_[hold_index_]).first(hold_size_);
  std::array<uint8_t, kMaxHeaderSize> joined{};
  const size_t added = std::min(in.size(), joined.size() - hold.size());
  std::copy_n(in.begin(), added, std::copy(hold.begin(), hold.end(), joined.begin()));
  const HeaderRead read = read_header(Bytes(joined).first(hold.size() + added), rules());
  if (read.violation) {
    refuse(*read.violation, scan);
    return 0;
  }
  if (read.size == 0) {
    hold_header(in);
    return 0;
  }
  hold_size_ = 0;
  if (must_be_whole(read.header.opcode)) {
    hold_control(read);
    held_->add(hold);
    fill_held(in, scan);
    return 0;
  }
  if (refuse_too_large(read.header, scan)) return 0;
  scan.carry = hold;
  hold_index_ ^= 1;
  start_frame(read.header, scan.seen);
  const size_t at = read.size - hold.size();
  return at + pass_payload(in.size() - at, scan.seen);
}

void FrameScanner::start_frame(const FrameHeader& header, Counts& seen) {
  payload_left_ = header.payload_length;
  passing_data_ = !is_control(header.opcode);
  passing_last_ = header.fin;
  if (passing_data_) {
    ++seen.data_frames;
    if (header.opcode == Opcode::continuation) return;
    message_ = header.opcode;
    message_size_ = 0;
    return;
  }
  // Control frames may come between fragments (§5.4), so they leave the open message alone.
  ++(header.opcode == Opcode::ping ? seen.ping_frames : seen.pong_frames);
}

// Lets up to `available` octets of the frame's payload pass; returns how many.
size_t FrameScanner::pass_payload(size_t available, Counts& seen) {
  const size_t passed = static_cast<size_t>(std::min<uint64_t>(payload_left_, available));
  payload_left_ -= passed;
  if (!passing_data_) return passed;
  seen.payload_bytes += passed;
  message_size_ += passed;
  seen.largest_message = std::max(seen.largest_message, message_size_);
  if (payload_left_ == 0 && passing_last_) {
    ++(message_ == Opcode::text ? seen.text_messages : seen.binary_messages);
    seen.units_2k += units_of(message_size_, 2048);
    seen.units_32k += units_of(message_size_, 32'768);
    message_ = Opcode::continuation;
  }
  return passed;
}

// `left` begins with a Close or a watched Pong. Returns how much of it goes into `ready`.
size_t FrameScanner::take_control(const HeaderRead& read, Bytes left, Scan& scan) {
  const size_t size = read.size + static_cast<size_t>(read.header.payload_length);
  if (left.size() < size) {
    hold_control(read);
    held_->add(left);
    return 0;
  }
  if (read.header.opcode == Opcode::close) {
    const Bytes body = left.subspan(read.size, size - read.size);
    if (!show_close(read.header, body, scan)) return 0;
    scan.close_size = size;
    return size;
  }
  show_pong(read.header, left.first(size), scan);
  scan.rest = left.subspan(size);
  return 0;
}

void FrameScanner::hold_header(Bytes part) {
  assert(hold_size_ + part.size() <= kMaxHold);
  std::copy(part.begin(), part.end(), holds_[hold_index_].begin() + hold_size_);
  hold_size_ = static_cast<uint8_t>(hold_size_ + part.size());
}

void FrameScanner::hold_control(const HeaderRead& read) {
  held_ = std::make_unique<Held>();
  held_->header = read.header;
  held_->header_size = read.size;
  held_->whole_size = read.size + static_cast<size_t>(read.header.payload_length);
}

void FrameScanner::fill_held(Bytes in, Scan& scan) {
  const size_t taken = held_->add(in);
  if (!held_->whole()) return;
  const Bytes frame = held_->frame();
  if (held_->header.opcode == Opcode::pong) {
    show_pong(held_->header, frame, scan);
    scan.rest = in.subspan(taken);
    return;
  }
  if (!show_close(held_->header, frame.subspan(held_->header_size), scan)) return;
  scan.carry = frame;
  scan.close_size = frame.size();
}

void FrameScanner::show_pong(const FrameHeader& header, Bytes frame, Scan& scan) {
  scan.pong = std::make_unique<Pong>();
  Pong& pong = *scan.pong;
  pong.frame = frame;
  pong.payload_size = static_cast<uint8_t>(header.payload_length);
  const Bytes payload = frame.last(pong.payload_size);
  std::copy(payload.begin(), payload.end(), pong.payload.begin());
  if (header.masking_key) {
    apply_mask(std::span(pong.payload).first(payload.size()), *header.masking_key, 0);
  }
  ++scan.seen.pong_frames;
}

// Judges the body; true: the Close may pass.
bool FrameScanner::show_close(const FrameHeader& header, Bytes body, Scan& scan) {
  std::array<uint8_t, kMaxControlPayload> plain{};
  std::copy(body.begin(), body.end(), plain.begin());
  const std::span<uint8_t> unmasked = std::span(plain).first(body.size());
  if (header.masking_key) apply_mask(unmasked, *header.masking_key, 0);
  Result<Close, Violation> close = judge_close(unmasked);
  if (!close) {
    refuse(close.error(), scan);
    return false;
  }
  scan.close = std::move(*close);
  ++scan.seen.close_frames;
  stage_ = Stage::closed;
  return true;
}

void FrameScanner::refuse(const Violation& violation, Scan& scan) {
  scan.violation = violation;
  stage_ = Stage::refused;
}

// What the message is that a data frame belongs to.
Opcode FrameScanner::message_of(const FrameHeader& header) const {
  return header.opcode == Opcode::continuation ? message_ : header.opcode;
}

// The limit that the message would exceed with all of this frame in it; 0: none.
uint32_t FrameScanner::exceeded_by(const FrameHeader& header) const {
  if (is_control(header.opcode)) return 0;
  const bool goes_on = header.opcode == Opcode::continuation;
  const uint32_t limit = message_of(header) == Opcode::text ? limits_.text : limits_.binary;
  if (limit == 0) return 0;
  // What has passed is never above the limit, so nothing wraps around here.
  const uint64_t left = limit - (goes_on ? message_size_ : 0);
  return header.payload_length > left ? limit : 0;
}

// By what the header announces: none of the frame has to be read, let alone forwarded, to know it.
bool FrameScanner::refuse_too_large(const FrameHeader& header, Scan& scan) {
  scan.exceeded = exceeded_by(header);
  if (scan.exceeded == 0) return false;
  scan.exceeding = message_of(header);
  refuse({CloseCode::message_too_big, "message larger than allowed"}, scan);
  return true;
}

FrameRules FrameScanner::rules() const {
  return {sender_, permessage_deflate_, message_ != Opcode::continuation};
}

bool FrameScanner::must_be_whole(Opcode opcode) const {
  return opcode == Opcode::close || (opcode == Opcode::pong && watching_pongs_);
}

}  // namespace proto::ws
