// Collects the head of a message and judges it: llhttp tokenises, our own gate decides (it passes `Host : a`,
// folded fields, bare LF and eleven more that we refuse; hardening rows P1 to P5, H1, H2).
#pragma once

#include <cstddef>
#include <string>

#include "proto/base/bytes.h"
#include "proto/base/result.h"
#include "proto/http1/head.h"

namespace proto::http1 {

struct HeadLimits {
  size_t max_head = 16 * 1024;    // bytes, request line and final blank line included; above: 431 (502 from an origin)
  size_t max_fields = 100;        // above: 431
  size_t max_target = 8 * 1024;   // bytes; above: 414
};

enum class Progress { more, complete, refused };

// Feed it until it is complete or refused; each call says how many bytes it took: what follows the head is not touched.
// Refuses as soon as the bytes seen cannot become a good head (NUL, bare LF or CR, limits), without waiting for the end.
// An empty line before a request line is skipped (RFC 9112 §2.2), two are not.
class RequestParser {
 public:
  struct Fed { Progress progress; size_t consumed; };
  explicit RequestParser(const HeadLimits& limits);
  Fed feed(Bytes in);
  RequestHead take();                     // when complete
  const Rejection& rejection() const;     // when refused: 400, 414, 431, 505 (not HTTP/1.x)
  bool started() const;                   // any byte was fed
 private:
  // (helper: to be laid out; the buffer grows with what came, never to more than max_head)
};

// The same for an answer. Refusals are words for a 502. A body is not its business.
class ResponseParser {
 public:
  struct Fed { Progress progress; size_t consumed; };
  explicit ResponseParser(const HeadLimits& limits);
  Fed feed(Bytes in);
  ResponseHead take();
  const std::string& refusal() const;
  bool started() const;
 private:
};

}  // namespace proto::http1
