// The body of a request on its way to the origin: framed as its client framed it, and held for a
// repetition as long as it is small.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "gateway/origin/question.h"
#include "proto/base/bytes.h"
#include "proto/http1/body_framer.h"

namespace gateway::exchange {

//  held ──send_to()──▶ sending ──end()──▶ sent
//    ▲                    │                │
//    └──take_back()───────┴────────────────┘
// A body by length passes octet for octet, one of chunks is chunked anew: one for each read. A
// request without a body is sent from the start.
class Upload {
 public:
  static constexpr size_t kMaxHeld = size_t{16} * 1024;  // octets

  // `repeatable`: what is sent is held, too, for as long as it is no more than kMaxHeld.
  Upload(const proto::http1::BodyFraming& framing, bool repeatable);

  // Behind a head that has been written there: all that has come by now follows, then what comes.
  // The sink stands until take_back() or the next call.
  void send_to(origin::RequestSink& sink);
  // The connection goes on in other hands.
  void hand_to(origin::RequestSink& sink) { sink_ = &sink; }
  // The sink is gone, and all is to be sent once more.
  void take_back() { sink_ = nullptr; }
  // It will not be asked for once more.
  void let_go();

  void add(proto::Bytes octets);
  void end();

  // All that has come is held, so that another connection can have it from its beginning.
  bool may_be_repeated() const { return held_all_; }
  bool has_come() const { return ended_; }                     // from the client
  bool is_sent() const { return ended_ && sink_ != nullptr; }  // to the sink
  bool is_congested() const { return sink_ != nullptr && sink_->congested(); }
  bool may_take() const { return sink_ != nullptr && !sink_->congested(); }
  const origin::RequestSink* sink() const { return sink_; }
  uint64_t octets() const { return octets_; }  // that have come

 private:
  void write(proto::Bytes octets);

  const bool chunked_;
  const bool repeatable_;
  bool ended_;
  bool held_all_ = true;
  origin::RequestSink* sink_ = nullptr;
  uint64_t octets_ = 0;
  std::string held_;  // from the first octet on
};

}  // namespace gateway::exchange
