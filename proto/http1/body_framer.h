// The body of a message: where it ends (RFC 9112 §6), its octets without the framing, and chunks
// written anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proto/base/bytes.h"
#include "proto/http1/head.h"

namespace proto::http1 {

// How the end of a body is told.
struct BodyFraming {
  enum class Kind : uint8_t { none, length, chunked, until_close };
  Kind kind = Kind::none;
  uint64_t length = 0;  // with Kind::length; 0 to 2^63-1

  // Octets may come.
  [[nodiscard]] bool has_body() const {
    return kind != Kind::none && (kind != Kind::length || length > 0);
  }
  bool operator==(const BodyFraming&) const = default;
};

// Both take a head that its parser has let through: one Content-Length, one `chunked`, or neither.

// none, length or chunked: a request without either has no body (RFC 9112 §6.3).
[[nodiscard]] BodyFraming request_body(const RequestHead& head);

// False: an answer with that status ends with its head, whatever its fields announce (RFC 9112
// §6.3).
[[nodiscard]] bool has_body(int status);

// `to_head`: of the answer to a HEAD, which ends with its head, too.
[[nodiscard]] BodyFraming answer_body(const ResponseHead& head, bool to_head);

// Takes the framing off one body, in either direction. Strict: what two readers could understand
// differently breaks it (a bare LF, a sign, white space behind a size, an extension or a trailer
// beyond its limit), and so do framing octets that outweigh the body. Extensions and trailers end
// here. Holds no octets, except for the trailers while they come.
class BodyDecoder {
 public:
  enum class Progress : uint8_t { more, complete, broken };
  // `octets` are of the body and view the input; `consumed` counts them and the framing around
  // them. What stands behind them is for the next call, or when complete, behind the message.
  struct Decoded {
    Progress progress = Progress::more;
    size_t consumed = 0;
    Bytes octets;
  };

  static constexpr size_t kMaxExtension = 256;  // octets, the semicolon included
  static constexpr size_t kMaxTrailers = 32;    // fields
  static constexpr size_t kMaxTrailerSize = size_t{8} * 1024;
  // Framing octets of a message: so many for each octet of the body, and so many besides. Chunks of
  // a single octet need five.
  static constexpr uint64_t kMaxFramingFactor = 8;
  static constexpr uint64_t kMaxFramingBase = uint64_t{16} * 1024;

  explicit BodyDecoder(const BodyFraming& framing);

  // One run of octets at the most: call it again until the progress is not `more`, or all is
  // consumed. Behind the end it consumes nothing, and a body without octets is complete at once.
  Decoded decode(Bytes in);
  // The sender has ended: completes a body that has no other end; another one that is not complete
  // is broken, since it was cut.
  Progress end();

  [[nodiscard]] Progress progress() const;
  // When broken: in one line, for body and log.
  [[nodiscard]] std::string_view why() const { return why_; }
  // Of the body, so far.
  [[nodiscard]] uint64_t octets() const { return octets_; }
  // So many come next, before anything else can: what is missing of a body by length, or of the
  // chunk that has begun.
  [[nodiscard]] uint64_t octets_ahead() const { return state_ == State::data ? left_ : 0; }

 private:
  //  size ──;──▶ extension                     data ──all──▶ after_data ──CR──▶ after_data_cr
  //  ──LF──▶ size
  //    └───CR──▶ size_cr ◀──CR──┘                ▲
  //                 └──LF, not 0──────────────────┘
  //                 └──LF, 0──▶ trailers ──empty line──▶ complete
  enum class State : uint8_t {
    data,  // of all kinds; alone of those without chunks
    size,
    extension,
    size_cr,
    after_data,
    after_data_cr,
    trailers,
    complete,
    broken
  };

  Bytes take_data(Bytes in);
  void take_framing(uint8_t octet);
  void take_size(uint8_t octet);
  void take_extension(uint8_t octet);
  void end_size_line();
  void take_trailer(uint8_t octet);
  void judge_trailers();
  void expect(uint8_t octet, char expected, State next, std::string_view why);
  void become(State state);
  void break_off(std::string_view why);

  BodyFraming::Kind kind_;
  State state_ = State::data;
  uint8_t digits_ = 0;      // of the size that is being read
  uint8_t lines_ = 0;       // of trailers
  uint16_t extension_ = 0;  // octets of it
  uint64_t left_ = 0;       // of the body by length, or of the chunk
  uint64_t octets_ = 0;
  uint64_t framing_ = 0;                   // octets
  std::unique_ptr<std::string> trailers_;  // lines with their CR LF
  std::string_view why_;
};

// One read's worth: decodes as much of `in` as there is and yields all its octets at once. They
// view `in` where they lie together, which they do but for small chunks; else they are put together
// in `joined`, whose content they replace.
[[nodiscard]] BodyDecoder::Decoded decode_read(BodyDecoder& decoder, Bytes in, std::string& joined);

// One chunk as §7.1 writes it, without extensions: of at least one octet, since none means the end.
void append_chunk(std::string& out, Bytes octets);
// What ends a body of chunks: the last chunk and no trailers.
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace proto::http1
