// A stream that begins with bytes which were read from it before: what came glued to the head of an
// answer belongs to whoever reads next.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/net/loop.h"
#include "gateway/net/stream.h"

namespace gateway::origin {

// Once those bytes are told, the handler is the inner stream's own.
class PrimedStream final : public net::Stream,
                           private net::Stream::Handler,
                           private net::Poller::Watched {
 public:
  // The inner stream's handler may be about to go: it is told nothing more.
  PrimedStream(net::Loop& loop, std::unique_ptr<net::Stream> inner, net::Bytes first);
  PrimedStream(const PrimedStream&) = delete;
  PrimedStream& operator=(const PrimedStream&) = delete;
  ~PrimedStream() override;

  void start(net::Stream::Handler& handler) override;
  void write(net::Bytes data) override { inner_->write(data); }
  void end() override { inner_->end(); }
  void finish() override { inner_->finish(); }
  void pause_reading(net::Pause why) override;
  void resume_reading(net::Pause why) override;
  bool at_rest() const override { return told() && !ended_ && !failed_ && inner_->at_rest(); }
  bool congested() const override { return inner_->congested(); }
  size_t queued() const override { return inner_->queued(); }
  size_t unacknowledged() const override { return inner_->unacknowledged(); }
  std::optional<net::PeerState> peer_state() const override { return inner_->peer_state(); }
  void expect_acknowledgement_within(std::chrono::milliseconds time) override {
    inner_->expect_acknowledgement_within(time);
  }
  std::optional<net::Volume> packets() const override { return inner_->packets(); }

 private:
  void on_ready(uint32_t events) override;
  void on_data(net::Bytes data) override;
  void on_end() override { ended_ = true; }
  void on_drained() override;
  void on_failed(const net::IoError& error) override;
  bool told() const { return first_.empty(); }

  net::Loop& loop_;
  std::unique_ptr<net::Stream> inner_;
  net::Stream::Handler* handler_ = nullptr;
  std::string first_;
  net::Pauses pauses_;                   // by whoever reads this stream
  bool ended_ = false;                   // behind the first bytes
  bool failed_ = false;                  // nothing is told after that
  std::optional<net::IoError> failure_;  // what nobody was there to be told of
  bool* destroyed_ = nullptr;
};

}  // namespace gateway::origin
