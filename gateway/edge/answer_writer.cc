#include "gateway/edge/answer_writer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <utility>

#include "proto/http1/body_framer.h"
#include "proto/http1/head_writer.h"

namespace gateway::edge {

namespace {

// So much is copied to save a system call, and with it a packet.
constexpr size_t kMostHeld = 4096;
constexpr size_t kMostSizeLine = 18;  // of a chunk: 16 digits, CR LF
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kClose = "Connection: close\r\n";

}  // namespace

AnswerWriter::Framing AnswerWriter::frame(const Body& body) const {
  if (client_.to_head) return Framing::empty;
  switch (body.kind) {
    case Body::Kind::none:
      return Framing::empty;
    case Body::Kind::length:
      return Framing::length;
    case Body::Kind::unknown:
      break;
  }
  return client_.minor_version == 0 ? Framing::connection : Framing::chunks;
}

void AnswerWriter::begin(int status, std::string_view fields, const Body& body, bool keep) {
  assert(!has_begun());
  framing_ = frame(body);
  left_ = framing_ == Framing::length ? body.length.value_or(0) : 0;
  // Without a length a client of HTTP/1.0 waits for the end of the connection (RFC 9112 §9.3).
  keep_ = keep && framing_ != Framing::connection &&
          (client_.minor_version == 1 || body.length.has_value());
  status_ = static_cast<uint16_t>(status);
  held_.reserve(128 + fields.size());
  proto::http1::append_status_line(held_, status);
  fields_at_ = held_.size();
  held_ += fields;
  if (body.length)
    proto::http1::append_field(held_, "Content-Length", std::to_string(*body.length));
  if (framing_ == Framing::chunks)
    proto::http1::append_field(held_, "Transfer-Encoding", "chunked");
  head_end_ = held_.size();
  if (!keep_) {
    held_ += kClose;
  } else if (client_.minor_version == 0) {
    proto::http1::append_field(held_, "Connection", "keep-alive");
  }
  proto::http1::append_end(held_);
  head_size_ = held_.size();
}

void AnswerWriter::close_behind() {
  if (!std::exchange(keep_, false) || head_end_ == 0) return;
  const size_t end = head_size_ - kLineEnd.size();
  held_.replace(head_end_, end - head_end_, kClose);
  head_size_ = head_end_ + kClose.size() + kLineEnd.size();
}

std::optional<AnswerWriter::Head> AnswerWriter::held_head() const {
  if (head_end_ == 0) return std::nullopt;
  const std::string_view text(held_);
  return Head{status_, text.substr(fields_at_, head_end_ - fields_at_), head_size_};
}

bool AnswerWriter::would_hold(size_t octets) const {
  return held_.size() + kMostSizeLine + octets + kLineEnd.size() <= kMostHeld;
}

void AnswerWriter::give(net::Stream& to, net::Bytes octets) {
  assert(has_begun());
  if (framing_ == Framing::empty) return;
  if (framing_ == Framing::length) {
    // What is beyond it would be read as the next answer.
    assert(octets.size() <= left_);
    octets = octets.first(static_cast<size_t>(std::min<uint64_t>(octets.size(), left_)));
    left_ -= octets.size();
  }
  if (octets.empty()) return;
  const bool hold = would_hold(octets.size());
  const std::string_view tail = framing_ == Framing::chunks ? kLineEnd : std::string_view();
  if (framing_ == Framing::chunks) {
    std::array<char, kMostSizeLine> line{};
    char* end = std::to_chars(line.data(), line.data() + line.size(), octets.size(), 16).ptr;
    held_.append(line.data(), end).append(kLineEnd);
  }
  if (hold) {
    held_.append(proto::text_of(octets)).append(tail);
    return;
  }
  const std::array<net::Bytes, 3> parts{proto::bytes_of(held_), octets, proto::bytes_of(tail)};
  write(to, parts);
}

bool AnswerWriter::finish(net::Stream& to) {
  assert(has_begun());
  if (framing_ == Framing::length && left_ > 0) return false;
  if (framing_ == Framing::chunks) held_ += proto::http1::kLastChunk;
  flush(to);
  return true;
}

void AnswerWriter::flush(net::Stream& to) {
  if (held_.empty()) return;
  const std::array<net::Bytes, 1> parts{proto::bytes_of(held_)};
  write(to, parts);
}

void AnswerWriter::write(net::Stream& to, std::span<const net::Bytes> parts) {
  for (const net::Bytes part : parts) written_ += part.size();
  to.write_all(parts);
  // With its memory: a stream of events may rest for long.
  held_ = std::string();
  head_end_ = 0;
}

}  // namespace gateway::edge
