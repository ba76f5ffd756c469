// The beginning of an answer's body, kept.
#pragma once

#include <cstddef>
#include <string>

#include "proto/base/bytes.h"
#include "proto/http1/body_framer.h"
#include "proto/http1/head.h"

namespace proto::http1 {

class BodyReader {
 public:
  using State = BodyDecoder::Progress;

  // `head` must be of an answer to a GET. What is kept of the body is cut at `max_kept` bytes.
  BodyReader(const ResponseHead& head, size_t max_kept);

  // What follows the end of the message is nobody's.
  State feed(Bytes in);
  State end();  // the connection was closed: completes a body that has no other end
  const std::string& body() const { return body_; }
  bool full() const { return body_.size() >= max_kept_; }  // reading on is of no use

 private:
  BodyDecoder decoder_;
  std::string body_;
  size_t max_kept_;
};

}  // namespace proto::http1
