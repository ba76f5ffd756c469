// Reads the head of an origin's or a forward proxy's final answer, whatever interim ones come
// before it.
#pragma once

#include <cstdint>
#include <utility>

#include "proto/base/bytes.h"
#include "proto/http1/head_parser.h"

namespace gateway::origin {

//  reading ──1xx──▶ reading ──final head──▶ done
//     └──no HTTP/1.1, beyond the limits, too many 1xx──▶ refused
class AnswerReader {
 public:
  enum class Progress : uint8_t {
    more,     // all was taken
    done,     // take() it; what `data` still holds comes behind the head
    refused,  // parser() says why
    flooded,  // more than kMaxInterim interim answers: any number may come (RFC 9110 §15.2), but
              // not for ever
  };
  static constexpr int kMaxInterim = 8;

  // Shown those answers, from inside feed(): that must not be the reader's end.
  class InterimHandler {
   public:
    virtual void on_interim(const proto::http1::ResponseHead& head) = 0;

   protected:
    ~InterimHandler() = default;
  };

  // Null: they are passed over.
  explicit AnswerReader(const proto::http1::HeadLimits& limits, InterimHandler* interim = nullptr);

  // Takes from the front of `data`.
  [[nodiscard]] Progress feed(proto::Bytes& data);
  proto::http1::ResponseHead take() { return std::move(head_); }

  bool in_a_head() const { return parser_.started(); }
  const proto::http1::ResponseParser& parser() const { return parser_; }

 private:
  proto::http1::HeadLimits limits_;
  InterimHandler* handler_;
  proto::http1::ResponseParser parser_;
  proto::http1::ResponseHead head_;
  int interim_ = 0;
};

}  // namespace gateway::origin
