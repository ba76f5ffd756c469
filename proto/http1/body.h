// The body of an answer: where it ends (RFC 9112 §6), and its octets without the framing.
#pragma once

#include <memory>
#include <string>

#include "proto/base/bytes.h"
#include "proto/http1/head.h"

namespace proto::http1 {

// False: an answer with that status ends with its head, whatever its fields announce (RFC 9112
// §6.3).
[[nodiscard]] bool has_body(int status);

class BodyReader {
 public:
  enum class State { more, complete, broken };

  // Chunk sizes, their extensions and trailers may come without end: beyond this many of their
  // bytes for each that may be kept, the body is broken. Chunks of a single octet need five.
  static constexpr size_t kMaxFraming = 8;

  // `head` must be an answer to a GET. What is kept of the body is cut at `max_kept` bytes.
  BodyReader(const ResponseHead& head, size_t max_kept);
  ~BodyReader();
  BodyReader(BodyReader&&) noexcept;
  BodyReader& operator=(BodyReader&&) = delete;

  State feed(Bytes in);
  State end();  // the connection was closed: completes a body that has no other end
  const std::string& body() const;
  bool full() const;  // max_kept is reached: reading on is of no use

 private:
  struct Parser;  // llhttp's
  std::unique_ptr<Parser> parser_;
};

}  // namespace proto::http1
