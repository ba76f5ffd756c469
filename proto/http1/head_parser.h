// Collects the head of a message and judges it: our own gate decides, and llhttp has to read the
// same (it passes `Host : a`, folded fields, bare LF and eleven more that we refuse; hardening rows
// P1 to P5, H1, H2).
#pragma once

#include <optional>
#include <string>

#include "proto/base/bytes.h"
#include "proto/http1/head.h"
#include "proto/http1/head_collector.h"

namespace proto::http1 {

// Feed it until it is complete or refused; each call says how many bytes it took: what follows the
// head is not touched, and a call after the end takes nothing. Refuses as soon as the bytes seen
// cannot become a good head (NUL, bare LF or CR, limits), without waiting for the end. An empty
// line before a request line is skipped (RFC 9112 §2.2), two are not.
class RequestParser {
 public:
  using Fed = http1::Fed;
  explicit RequestParser(const HeadLimits& limits);
  Fed feed(Bytes in);
  RequestHead take();                                // when complete
  [[nodiscard]] const Rejection& rejection() const;  // when refused: 400, 414, 431, 501, 505
  [[nodiscard]] bool started() const;                // any byte was fed
  // The method is HEAD, which is known of most refused heads, too: an answer has no body.
  [[nodiscard]] bool is_head() const { return collector_.is_head(); }

 private:
  [[nodiscard]] std::optional<Rejection> judge();

  HeadCollector collector_;
  RequestHead head_;
  std::optional<Rejection> rejection_;
};

// The same for an answer. Refusals are words for a 502. A body is not its business, and neither is
// that more heads may follow a 1xx.
class ResponseParser {
 public:
  using Fed = http1::Fed;
  explicit ResponseParser(const HeadLimits& limits);
  Fed feed(Bytes in);
  ResponseHead take();
  [[nodiscard]] const std::string& refusal() const;
  // When refused: the limit that the head is beyond, if that is why.
  [[nodiscard]] std::optional<HeadLimit> reached() const { return collector_.reached(); }
  [[nodiscard]] bool started() const;

 private:
  [[nodiscard]] std::optional<Rejection> judge();

  HeadCollector collector_;
  ResponseHead head_;
  std::optional<Rejection> rejection_;
};

}  // namespace proto::http1
