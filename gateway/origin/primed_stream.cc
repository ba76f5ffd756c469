#include "gateway/origin/primed_stream.h"

#include <utility>

namespace gateway::origin {

PrimedStream::PrimedStream(net::Loop& loop, std::unique_ptr<net::Stream> inner, net::Bytes first)
    : loop_(loop), inner_(std::move(inner)), first_(proto::text_of(first)) {
  // What comes meanwhile stays with the kernel.
  inner_->pause_reading(net::Pause::primed);
  inner_->start(*this);
}

PrimedStream::~PrimedStream() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  loop_.poller().forget(*this);
}

void PrimedStream::start(net::Stream::Handler& handler) {
  handler_ = &handler;
  if (told() && !ended_ && !failed_) {
    inner_->start(handler);
  } else {
    loop_.poller().schedule(*this);
  }
}

void PrimedStream::pause_reading(net::Pause why) {
  pauses_.add(why);
  inner_->pause_reading(why);
}

void PrimedStream::resume_reading(net::Pause why) {
  pauses_.remove(why);
  inner_->resume_reading(why);
  if (!told() && !pauses_.any()) loop_.poller().schedule(*this);
}

void PrimedStream::on_ready(uint32_t) {
  if (handler_ == nullptr || (failed_ && !failure_)) return;
  // Who pauses is told of a failure all the same, as by any stream.
  if (pauses_.any() && !failure_) return;
  const std::string first = pauses_.any() ? std::string() : std::exchange(first_, {});
  if (!first.empty()) {
    bool destroyed = false;
    destroyed_ = &destroyed;
    handler_->on_data(proto::bytes_of(first));
    if (destroyed) return;
    destroyed_ = nullptr;
  }
  if (failure_) {
    const net::IoError error = *std::exchange(failure_, std::nullopt);
    handler_->on_failed(error);
    return;
  }
  if (failed_) return;
  if (ended_) {
    handler_->on_end();
    return;
  }
  inner_->start(*handler_);
  inner_->resume_reading(net::Pause::primed);
}

// A paused stream may still tell of one read.
void PrimedStream::on_data(net::Bytes data) { first_ += proto::text_of(data); }

void PrimedStream::on_drained() {
  if (handler_ != nullptr) handler_->on_drained();
}

void PrimedStream::on_failed(const net::IoError& error) {
  failed_ = true;
  if (handler_ != nullptr) {
    handler_->on_failed(error);
  } else {
    failure_ = error;
  }
}

}  // namespace gateway::origin
