// A net::Stream without a socket: the test is the kernel and the peer behind it.
#pragma once

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/net/stream.h"

namespace tests {

class MemoryStream;

// What happens at the far end of a MemoryStream; it outlives the stream, and remembers. Callbacks
// come only from pump(), take() and the calls that say so, as they come only from the loop in
// earnest.
class Peer {
 public:
  using Bytes = proto::Bytes;
  static constexpr size_t kEndless = std::numeric_limits<size_t>::max();

  Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { assert(stream_ == nullptr); }

  std::unique_ptr<gateway::net::Stream> connect();

  // The peer's doings; each is shown to the handler at once unless reading is paused.
  void send(Bytes data) {
    if (gone_) return;
    incoming_.emplace_back(data.begin(), data.end());
    pump();
  }
  // What had been read from the socket before the pause.
  void send_despite_pause(Bytes data) {
    const std::vector<uint8_t> copy(data.begin(), data.end());
    if (stream_ != nullptr && handler_ != nullptr && !gone_) show(copy);
  }
  void end() {
    end_due_ = true;
    pump();
  }
  // A reset: what is queued towards the peer is lost.
  void fail() { fail({.code = -104, .text = "connection reset by peer"}); }
  // The kernel has waited in vain for an acknowledgement.
  void vanish() { fail({.code = -110, .text = "timed out", .unacknowledged = true}); }
  void fail(const gateway::net::IoError& error);

  // How many more bytes the kernel takes before it refuses.
  void set_room(size_t bytes) { room_ = bytes; }
  // The kernel takes so many of the bytes that wait, and has drained when none is left.
  void take(size_t bytes = kEndless);

  // What the kernel says of the far end; bytes that it holds itself are not acknowledged.
  void set_state(const gateway::net::PeerState& state) { state_ = state; }
  void set_held(size_t bytes) { held_ = bytes; }
  // How long an acknowledgement may take; 0: for ever.
  std::chrono::milliseconds patience() const { return patience_; }
  // The stream carries TLS, with records of so many bytes around each write.
  void set_record_overhead(size_t bytes) { record_overhead_ = bytes; }

  // Shows the handler what has come and was not shown yet.
  void pump();

  bool connected() const { return stream_ != nullptr; }
  // No more bytes will come: the stream was ended and its queue has gone, or it was destroyed.
  bool saw_end() const { return saw_end_; }
  // The stream was destroyed with bytes in its queue.
  bool saw_reset() const { return saw_reset_; }
  bool paused() const { return reasons_.any(); }
  int pauses() const { return pauses_; }
  size_t queued() const { return queue_.size(); }
  // Sent by the peer, but not read yet.
  size_t unread() const { return incoming_.size(); }
  // How many bytes the handler was shown.
  uint64_t shown() const { return shown_; }
  const std::vector<uint8_t>& received() const { return received_; }
  std::vector<uint8_t> take_received() { return std::exchange(received_, {}); }

 private:
  friend class MemoryStream;

  void write(Bytes data);
  void finish();
  void disconnect();
  void show(Bytes data) {
    shown_ += data.size();
    handler_->on_data(data);
  }
  size_t unsent() const { return queue_.size() + lost_; }

  MemoryStream* stream_ = nullptr;
  gateway::net::Stream::Handler* handler_ = nullptr;
  std::deque<std::vector<uint8_t>> incoming_;
  std::vector<uint8_t> received_;
  std::deque<uint8_t> queue_;
  size_t room_ = kEndless;
  size_t record_overhead_ = 0;
  uint64_t records_out_ = 0;
  size_t lost_ = 0;
  size_t held_ = 0;
  std::optional<gateway::net::PeerState> state_;
  std::chrono::milliseconds patience_{0};
  gateway::net::IoError failure_;
  uint64_t shown_ = 0;
  int pauses_ = 0;
  gateway::net::Pauses reasons_;
  bool ended_ = false;  // by the stream's owner
  bool end_due_ = false;
  bool end_told_ = false;
  bool failure_due_ = false;
  bool gone_ = false;  // failed, and that was told
  bool saw_end_ = false;
  bool saw_reset_ = false;
};

class MemoryStream final : public gateway::net::Stream {
 public:
  explicit MemoryStream(Peer& peer) : peer_(peer) { peer_.stream_ = this; }
  ~MemoryStream() override { peer_.disconnect(); }

  void start(Handler& handler) override { peer_.handler_ = &handler; }
  void write(proto::Bytes data) override { peer_.write(data); }
  void end() override {
    peer_.ended_ = true;
    peer_.finish();
  }
  void pause_reading(gateway::net::Pause why) override {
    if (!peer_.paused()) ++peer_.pauses_;
    peer_.reasons_.add(why);
  }
  void resume_reading(gateway::net::Pause why) override { peer_.reasons_.remove(why); }
  bool congested() const override { return !peer_.queue_.empty(); }
  size_t queued() const override { return peer_.unsent(); }
  size_t unacknowledged() const override { return peer_.unsent() + peer_.held_; }
  std::optional<gateway::net::PeerState> peer_state() const override { return peer_.state_; }
  void expect_acknowledgement_within(std::chrono::milliseconds time) override {
    peer_.patience_ = time;
  }
  bool count_records() override { return peer_.record_overhead_ > 0; }
  gateway::net::Volume records() const override { return {.in = 0, .out = peer_.records_out_}; }

 private:
  Peer& peer_;
};

inline std::unique_ptr<gateway::net::Stream> Peer::connect() {
  return std::make_unique<MemoryStream>(*this);
}

inline void Peer::write(Bytes data) {
  if (ended_ || failure_due_ || gone_) {
    lost_ += data.size();
    return;
  }
  if (record_overhead_ > 0) records_out_ += data.size() + record_overhead_;
  const size_t taken = queue_.empty() ? std::min(room_, data.size()) : 0;
  if (room_ != kEndless) room_ -= taken;
  const auto middle = data.begin() + static_cast<std::ptrdiff_t>(taken);
  received_.insert(received_.end(), data.begin(), middle);
  queue_.insert(queue_.end(), middle, data.end());
}

inline void Peer::take(size_t bytes) {
  if (queue_.empty()) {
    room_ = kEndless;
    return;
  }
  const size_t taken = std::min(bytes, queue_.size());
  const auto middle = queue_.begin() + static_cast<std::ptrdiff_t>(taken);
  received_.insert(received_.end(), queue_.begin(), middle);
  queue_.erase(queue_.begin(), middle);
  if (!queue_.empty()) return;
  room_ = bytes == kEndless ? kEndless : bytes - taken;
  finish();
  if (stream_ != nullptr && handler_ != nullptr) handler_->on_drained();
}

inline void Peer::fail(const gateway::net::IoError& error) {
  if (stream_ == nullptr || gone_) return;
  failure_ = error;
  lost_ += queue_.size();
  queue_.clear();
  failure_due_ = true;
  pump();
}

inline void Peer::pump() {
  while (stream_ != nullptr && handler_ != nullptr && !paused() && !gone_ && !incoming_.empty()) {
    const std::vector<uint8_t> data = std::move(incoming_.front());
    incoming_.pop_front();
    show(data);
  }
  if (stream_ == nullptr || handler_ == nullptr || gone_) return;
  if (failure_due_) {
    gone_ = true;
    handler_->on_failed(failure_);
    return;
  }
  // Behind a pause the end is not seen, as it would not be read.
  if (!end_due_ || end_told_ || paused()) return;
  end_told_ = true;
  handler_->on_end();
}

inline void Peer::finish() {
  if (ended_ && queue_.empty() && !gone_) saw_end_ = true;
}

inline void Peer::disconnect() {
  saw_end_ = true;
  saw_reset_ = !queue_.empty();
  stream_ = nullptr;
  handler_ = nullptr;
  incoming_.clear();
}

}  // namespace tests
