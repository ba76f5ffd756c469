#include "gateway/exchange/upload.h"

namespace gateway::exchange {

using proto::http1::BodyFraming;

Upload::Upload(const BodyFraming& framing, bool repeatable)
    : chunked_(framing.kind == BodyFraming::Kind::chunked),
      repeatable_(repeatable),
      ended_(!framing.has_body()) {}

void Upload::send_to(origin::RequestSink& sink) {
  sink_ = &sink;
  if (!held_.empty()) write(proto::bytes_of(held_));
  if (ended_ && chunked_) sink_->write(proto::bytes_of(proto::http1::kLastChunk));
  if (!repeatable_) let_go();
}

void Upload::let_go() {
  held_all_ = octets_ == 0;
  held_ = {};
}

void Upload::add(proto::Bytes octets) {
  if (octets.empty()) return;
  octets_ += octets.size();
  // What has no sink yet has not been sent either, and is at most one read: its source is paused.
  const bool fits = repeatable_ && held_all_ && held_.size() + octets.size() <= kMaxHeld;
  if (fits || sink_ == nullptr) {
    held_.append(proto::text_of(octets));
  } else {
    let_go();
  }
  if (sink_ != nullptr) write(octets);
}

void Upload::end() {
  ended_ = true;
  if (sink_ != nullptr && chunked_) sink_->write(proto::bytes_of(proto::http1::kLastChunk));
}

void Upload::write(proto::Bytes octets) {
  if (!chunked_) {
    sink_->write(octets);
    return;
  }
  std::string chunk;
  chunk.reserve(octets.size() + 20);
  proto::http1::append_chunk(chunk, octets);
  sink_->write(proto::bytes_of(chunk));
}

}  // namespace gateway::exchange
