#include "proto/http1/head_collector.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

#include "proto/base/text.h"

namespace proto::http1 {

namespace {

// The longest registered method has 17 letters.
constexpr size_t kMaxMethod = 32;
constexpr uint32_t kHeadMethod = 0x48454144;  // "HEAD"
constexpr std::string_view kVersion = "HTTP/1.1";
constexpr std::string_view kStatusLineStart = "HTTP/1.";

constexpr bool is_plain(uint8_t byte) { return (byte >= 0x20 && byte != 0x7f) || byte == '\t'; }

// The same of a run of bytes, which is most of a head: a look-up costs a fifth of the comparisons.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t byte = 0; byte < plain.size(); ++byte)
    plain[byte] = is_plain(static_cast<uint8_t>(byte));
  return plain;
}();

// Eight of them at once: no byte of the word is below 0x20, or 0x7f. A tab is left to the table.
bool all_are_plain(const uint8_t* bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighBits = kOnes * 0x80;
  uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  const uint64_t below_space = (word - kOnes * 0x20) & ~word;
  const uint64_t without_delete = word ^ (kOnes * 0x7f);
  const uint64_t deletes = (without_delete - kOnes) & ~without_delete;
  return ((below_space | deletes) & kHighBits) == 0;
}

// The first byte of a TLS alert or handshake record: no text begins so.
bool begins_tls_record(uint8_t byte) { return byte == 0x15 || byte == 0x16; }

std::string_view why_tls(HeadKind kind) {
  return kind == HeadKind::request ? "TLS on a port that speaks plain HTTP"
                                   : "the origin speaks TLS on this port, not plain HTTP";
}

}  // namespace

HeadCollector::HeadCollector(HeadKind kind, const HeadLimits& limits)
    : kind_(kind), limits_(limits) {}

Fed HeadCollector::feed(Bytes in) {
  started_ = started_ || !in.empty();
  size_t taken = 0;
  while (taken < in.size() && unfinished()) {
    const size_t run = plain_run(in.subspan(taken));
    if (run == 0) {
      accept(in[taken++]);
    } else {
      taken += run;
      size_ += run;
      line_length_ += run;
    }
    // A head that fills the limit and has not ended cannot end within it.
    if (unfinished() && size_ >= limits_.max_head) refuse(HeadLimit::size, "the head is too large");
  }
  if (state_ == State::refused || taken == 0) return {progress(), taken};
  const size_t fresh = size_ - (text_ ? text_->size() : 0);
  keep(in.subspan(taken - fresh, fresh));
  return {progress(), taken};
}

std::unique_ptr<std::string> HeadCollector::take_text() {
  assert(state_ == State::complete);
  return std::move(text_);
}

bool HeadCollector::unfinished() const {
  return state_ == State::in_line || state_ == State::after_cr;
}

Progress HeadCollector::progress() const {
  switch (state_) {
    case State::in_line:
    case State::after_cr:
      return Progress::more;
    case State::complete:
      return Progress::complete;
    case State::refused:
      return Progress::refused;
  }
  return Progress::refused;
}

// Field lines are most of a head; their plain characters need no step of their own.
size_t HeadCollector::plain_run(Bytes in) const {
  if (lines_ == 0 || state_ != State::in_line) return 0;
  const Bytes allowed = in.first(std::min(in.size(), limits_.max_head - size_));
  size_t run = 0;
  while (allowed.size() - run >= sizeof(uint64_t) && all_are_plain(&allowed[run]))
    run += sizeof(uint64_t);
  while (run < allowed.size() && kPlain[allowed[run]]) ++run;
  return run;
}

void HeadCollector::accept(uint8_t byte) {
  ++size_;
  if (state_ == State::after_cr) return accept_after_cr(byte);
  accept_in_line(byte);
}

void HeadCollector::accept_in_line(uint8_t byte) {
  if (byte == '\r') {
    state_ = State::after_cr;
    return;
  }
  if (size_ == 1 && begins_tls_record(byte)) return refuse(400, why_tls(kind_));
  if (byte == '\n') return refuse(400, "a LF without CR in the head");
  if (byte == 0) return refuse(400, "a NUL in the head");
  if (!is_plain(byte)) return refuse(400, "a control character in the head");
  if (lines_ == 0 && kind_ == HeadKind::request) accept_request_line(byte);
  if (lines_ == 0 && kind_ == HeadKind::response) accept_status_line(byte);
  ++line_length_;
}

void HeadCollector::accept_after_cr(uint8_t byte) {
  if (byte != '\n') return refuse(400, "a CR without LF in the head");
  state_ = State::in_line;
  if (line_length_ == 0) return end_empty_line();
  line_length_ = 0;
  ++lines_;
  if (field_lines() > limits_.max_fields) refuse(HeadLimit::fields, "too many fields in the head");
}

void HeadCollector::end_empty_line() {
  if (lines_ > 0) {
    state_ = State::complete;
    return;
  }
  // RFC 9112 §2.2: a server should ignore one such line, left over by a sender of old.
  if (kind_ == HeadKind::response || skipped_empty_line_) {
    return refuse(400, "an empty line where the head begins");
  }
  skipped_empty_line_ = true;
  size_ = 0;
  if (text_) text_->clear();
}

void HeadCollector::accept_request_line(uint8_t byte) {
  switch (part_) {
    case RequestPart::method:
      if (byte == ' ' && part_length_ > 0) {
        is_head_ = part_length_ == 4 && method_ == kHeadMethod;
        return begin(RequestPart::target);
      }
      if (!is_token_char(static_cast<char>(byte)) || part_length_ == kMaxMethod) {
        return refuse(400, "the request line does not begin with a method");
      }
      method_ = method_ << 8 | byte;
      ++part_length_;
      return;
    case RequestPart::target:
      return accept_target(byte);
    case RequestPart::version:
      return accept_version(byte);
  }
}

void HeadCollector::accept_target(uint8_t byte) {
  if (byte == ' ' && part_length_ > 0) return begin(RequestPart::version);
  if (byte <= ' ') return refuse(400, "white space where the request target should be");
  if (byte > '~') return refuse(400, "a character outside ASCII in the request target");
  if (part_length_ == limits_.max_target) return refuse(414, "the request target is too long");
  ++part_length_;
}

void HeadCollector::accept_version(uint8_t byte) {
  if (byte <= ' ') return refuse(400, "white space after the request target");
  if (part_length_ == kVersion.size()) return refuse(400, "a malformed HTTP version");
  ++part_length_;
}

// An origin that speaks something else is told from a slow one at once.
void HeadCollector::accept_status_line(uint8_t byte) {
  if (line_length_ >= kStatusLineStart.size()) return;
  if (static_cast<char>(byte) == kStatusLineStart[line_length_]) return;
  refuse(400, "the answer does not begin as HTTP/1");
}

void HeadCollector::begin(RequestPart part) {
  part_ = part;
  part_length_ = 0;
}

// std::string grows to twice its size, or to twice the limit; a head never needs more than the
// limit.
void HeadCollector::keep(Bytes fresh) {
  if (!text_) text_ = std::make_unique<std::string>();
  const size_t needed = text_->size() + fresh.size();
  if (needed > text_->capacity()) {
    std::string larger;
    larger.reserve(std::min(std::max(needed, 2 * text_->capacity()), limits_.max_head));
    larger.append(*text_);
    text_->swap(larger);
  }
  text_->append(text_of(fresh));
}

void HeadCollector::refuse(HeadLimit limit, std::string_view why) {
  reached_ = limit;
  refuse(431, why);
}

void HeadCollector::refuse(int status, std::string_view why) {
  state_ = State::refused;
  rejection_ = {status, std::string(why)};
  text_.reset();
}

}  // namespace proto::http1
