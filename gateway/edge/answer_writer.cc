#include "gateway/edge/answer_writer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

#include "proto/http1/head_writer.h"

namespace gateway::edge {

namespace {

// So much is copied to save a system call, and with it a packet.
constexpr size_t kMostHeld = 4096;
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

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
  // Clients of HTTP/1.0 wait for the end of a connection unless there is a length (RFC 9112 §9.3).
  keep_ = keep && framing_ != Framing::connection &&
          (client_.minor_version == 1 || body.length.has_value());
  std::string head;
  head.reserve(128 + fields.size());
  proto::http1::append_status_line(head, status);
  head += fields;
  if (body.length) proto::http1::append_field(head, "Content-Length", std::to_string(*body.length));
  if (framing_ == Framing::chunks) proto::http1::append_field(head, "Transfer-Encoding", "chunked");
  head_end_ = head.size();
  if (!keep_) {
    proto::http1::append_field(head, "Connection", "close");
  } else if (client_.minor_version == 0) {
    proto::http1::append_field(head, "Connection", "keep-alive");
  }
  proto::http1::append_end(head);
  size_ += head.size();
  held_ = std::move(head);
}

void AnswerWriter::close_behind() {
  if (!keep_) return;
  keep_ = false;
  if (head_end_ == 0) return;
  const size_t end = held_.find("\r\n\r\n", head_end_ - kLineEnd.size()) + kLineEnd.size();
  constexpr std::string_view kClose = "Connection: close\r\n";
  held_.replace(head_end_, end - head_end_, kClose);
  size_ += kClose.size() - (end - head_end_);
}

void AnswerWriter::hold(std::string_view text) {
  held_ += text;
  size_ += text.size();
}

void AnswerWriter::give(net::Stream& to, net::Bytes octets) {
  assert(has_begun());
  if (octets.empty() || framing_ == Framing::empty) return;
  if (framing_ == Framing::length) {
    // More than was announced would be read as the next answer.
    assert(octets.size() <= left_);
    octets = octets.first(static_cast<size_t>(std::min<uint64_t>(octets.size(), left_)));
    left_ -= octets.size();
  }
  if (framing_ == Framing::chunks) {
    write_chunk(to, octets);
  } else if (held_.size() + octets.size() <= kMostHeld) {
    hold(proto::text_of(octets));
  } else {
    const std::array<net::Bytes, 2> parts{proto::bytes_of(held_), octets};
    to.write_all(parts);
    size_ += octets.size();
    release();
  }
}

void AnswerWriter::write_chunk(net::Stream& to, net::Bytes octets) {
  std::array<char, 18> line{};
  char* end = std::to_chars(line.data(), line.data() + 16, octets.size(), 16).ptr;
  end = std::copy(kLineEnd.begin(), kLineEnd.end(), end);
  hold({line.data(), static_cast<size_t>(end - line.data())});
  if (held_.size() + octets.size() + kLineEnd.size() <= kMostHeld) {
    hold(proto::text_of(octets));
    hold(kLineEnd);
    return;
  }
  const std::array<net::Bytes, 3> parts{proto::bytes_of(held_), octets, proto::bytes_of(kLineEnd)};
  to.write_all(parts);
  size_ += octets.size() + kLineEnd.size();
  release();
}

void AnswerWriter::finish(net::Stream& to) {
  assert(has_begun() && !lacks_octets());
  if (framing_ == Framing::chunks) hold(kLastChunk);
  flush(to);
}

void AnswerWriter::flush(net::Stream& to) {
  if (held_.empty()) return;
  to.write(proto::bytes_of(held_));
  release();
}

// With its memory: a stream of events may rest for long.
void AnswerWriter::release() {
  held_ = std::string();
  head_end_ = 0;
}

}  // namespace gateway::edge
