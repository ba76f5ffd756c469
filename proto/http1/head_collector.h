// Collects the bytes of a head up to its blank line; refuses at the byte what no good head can
// hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proto/base/bytes.h"
#include "proto/http1/head.h"

namespace proto::http1 {

struct HeadLimits {
  size_t max_head =
      size_t{16} * 1024;    // bytes, start line and final blank line included; above: 431
  size_t max_fields = 100;  // above: 431
  size_t max_target = size_t{8} * 1024;  // bytes; above: 414
};

enum class HeadLimit { size, fields };
enum class HeadKind { request, response };
enum class Progress { more, complete, refused };

struct Fed {
  Progress progress;
  size_t consumed;
};

// Knows lines and characters, not what they mean: NUL, control characters, bare LF and CR, the
// limits, and the alphabet of the start line. Its answer does not depend on how the input was cut.
// The buffer grows with what came and is given up on refusal.
class HeadCollector {
 public:
  HeadCollector(HeadKind kind, const HeadLimits& limits);
  Fed feed(Bytes in);
  // When complete: start line, field lines and the blank line, each with its CR LF.
  std::unique_ptr<std::string> take_text();
  [[nodiscard]] size_t field_lines() const { return lines_ - 1; }
  [[nodiscard]] const Rejection& rejection() const { return rejection_; }
  // When refused: the limit that the head is beyond; nothing: it is malformed, or its target is too
  // long.
  [[nodiscard]] std::optional<HeadLimit> reached() const { return reached_; }
  [[nodiscard]] bool started() const { return started_; }
  // Of a request whose method has come, refused or not: an answer to it has no body.
  [[nodiscard]] bool is_head() const { return is_head_; }

 private:
  //  in_line ──CR──▶ after_cr ──LF, line not empty──▶ in_line
  //     │               ├──LF, empty line before the request──▶ in_line (once)
  //     │               └──LF, empty line after the start line──▶ complete
  //     └──▶ refused ◀──┘
  enum class State { in_line, after_cr, complete, refused };
  enum class RequestPart { method, target, version };

  [[nodiscard]] bool unfinished() const;
  [[nodiscard]] Progress progress() const;
  [[nodiscard]] size_t plain_run(Bytes in) const;
  void accept(uint8_t byte);
  void accept_in_line(uint8_t byte);
  void accept_after_cr(uint8_t byte);
  void end_empty_line();
  void accept_request_line(uint8_t byte);
  void accept_target(uint8_t byte);
  void accept_version(uint8_t byte);
  void accept_status_line(uint8_t byte);
  void begin(RequestPart part);
  void keep(Bytes fresh);
  void refuse(int status, std::string_view why);
  void refuse(HeadLimit limit, std::string_view why);

  HeadKind kind_;
  HeadLimits limits_;
  State state_ = State::in_line;
  RequestPart part_ = RequestPart::method;
  size_t part_length_ = 0;
  size_t line_length_ = 0;
  size_t lines_ = 0;  // that ended and were not empty
  size_t size_ = 0;   // of the head so far, the bytes of this call included
  bool skipped_empty_line_ = false;
  bool started_ = false;
  bool is_head_ = false;
  uint32_t method_ = 0;  // its last four characters
  std::unique_ptr<std::string> text_;
  Rejection rejection_;
  std::optional<HeadLimit> reached_;
};

}  // namespace proto::http1
