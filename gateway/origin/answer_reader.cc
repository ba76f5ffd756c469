#include "gateway/origin/answer_reader.h"

namespace gateway::origin {

AnswerReader::AnswerReader(const proto::http1::HeadLimits& limits, InterimHandler* interim)
    : limits_(limits), handler_(interim), parser_(limits) {}

AnswerReader::Progress AnswerReader::feed(proto::Bytes& data) {
  while (!data.empty()) {
    const auto fed = parser_.feed(data);
    data = data.subspan(fed.consumed);
    if (fed.progress == proto::http1::Progress::more) break;
    if (fed.progress == proto::http1::Progress::refused) return Progress::refused;
    head_ = parser_.take();
    // A 101 is final: what follows it is no HTTP.
    if (head_.status >= 200 || head_.status == 101) return Progress::done;
    if (++interim_ > kMaxInterim) return Progress::flooded;
    if (handler_ != nullptr) handler_->on_interim(head_);
    parser_ = proto::http1::ResponseParser(limits_);
  }
  return Progress::more;
}

}  // namespace gateway::origin
