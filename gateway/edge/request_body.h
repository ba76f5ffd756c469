// The body of one request off the wire: what is asked of it before a byte of it is read, and its
// octets without their framing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/edge/refusal.h"
#include "gateway/edge/request.h"
#include "gateway/outcome/failure.h"
#include "proto/base/bytes.h"
#include "proto/http1/body_framer.h"

namespace gateway::edge {

// Of a plain request that is going to an origin: 417 for what it expects, 413 for a length beyond
// http.max_body.
[[nodiscard]] std::optional<Refusal> judge_body(const Request& request);

//  held ──accept()──▶ coming ──its end──▶ whole          without a body: whole from the beginning
//                       └──framing, http.max_body──▶ broken
class RequestBody {
 public:
  explicit RequestBody(const proto::http1::RequestHead& head);

  bool is_held() const { return decoder_.progress() == Progress::more && !accepted_; }
  bool is_coming() const { return decoder_.progress() == Progress::more && accepted_ && !broken_; }
  bool is_whole() const { return decoder_.progress() == Progress::complete && !broken_; }
  bool is_broken() const { return broken_ || decoder_.progress() == Progress::broken; }

  void accept() { accepted_ = true; }
  // The client waits to hear that it may send (RFC 9110 §10.1.1).
  bool is_awaited() const { return awaited_; }

  struct Part {
    proto::Bytes octets;  // view what was read, or `joined`
    size_t consumed = 0;  // bytes on the wire
  };
  // While it is coming; what is not consumed stands behind the body.
  Part take(proto::Bytes in, std::optional<uint64_t> most, std::string& joined);
  // When broken.
  outcome::Failure failure() const;

  // Octets that come next, before anything else can.
  uint64_t octets_ahead() const { return decoder_.octets_ahead(); }
  // Bytes on the wire so far.
  uint64_t consumed() const { return consumed_; }
  // While it is held: of so many bytes that have come, some are known to stand behind it.
  bool is_exceeded_by(size_t bytes) const {
    return framing_.kind == proto::http1::BodyFraming::Kind::length && bytes > framing_.length;
  }

 private:
  using Progress = proto::http1::BodyDecoder::Progress;

  proto::http1::BodyFraming framing_;
  proto::http1::BodyDecoder decoder_;
  uint64_t consumed_ = 0;
  bool awaited_;
  bool accepted_ = false;
  bool broken_ = false;  // by its size
};

}  // namespace gateway::edge
