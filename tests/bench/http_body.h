// HTTP/1.1 heads and bodies as the bench needs them: enough to know where an answer ends, and what
// it came to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/bench/frame.h"

namespace bench {

// Of a head, up to its empty line, which it includes.
struct HttpHead {
  std::string_view start_line;
  std::optional<uint64_t> length;  // Content-Length
  bool chunked = false;
  bool closes = false;  // Connection: close
};
[[nodiscard]] HttpHead read_http_head(std::string_view head);

// Collects the bytes of heads that may come in pieces.
class HeadBuffer {
 public:
  // Takes from `in` up to the end of a head. True: head() is whole. What grows beyond a limit never
  // becomes whole.
  [[nodiscard]] bool feed(Bytes& in);
  [[nodiscard]] bool too_large() const { return head_.size() > kMost; }
  [[nodiscard]] const std::string& head() const { return head_; }
  void clear() { head_.clear(); }

 private:
  static constexpr size_t kMost = 16384;
  std::string head_;
};

// The body of a message: how much of it has come, and whether that is all.
class HttpBody {
 public:
  // Without a length and not chunked there is none.
  void begin(const HttpHead& head);
  // Takes from `in` what belongs to the body. False: its framing is broken.
  [[nodiscard]] bool feed(Bytes& in);
  [[nodiscard]] bool complete() const { return stage_ == Stage::done; }
  [[nodiscard]] uint64_t size() const { return size_; }

 private:
  // counted -> done; size -> data -> behind -> size … -> last -> done
  enum class Stage { done, counted, size, data, behind, last };

  [[nodiscard]] bool take_line(Bytes& in);
  [[nodiscard]] bool end_line();
  void take_octets(Bytes& in);

  Stage stage_ = Stage::done;
  uint64_t left_ = 0;  // of the body, or of a chunk
  uint64_t size_ = 0;
  std::string line_;  // a chunk's size, what stands behind a chunk, or a trailer
};

}  // namespace bench
