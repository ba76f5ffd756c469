// The built-in origin: a WebSocket endpoint that sends every message back. It stands where the
// connection to an origin would, so that what a newcomer tries goes through the whole of Weir.
#pragma once

#include <string>

#include "gateway/net/loop.h"
#include "gateway/net/stream.h"
#include "proto/ws/message_reader.h"

namespace gateway::origin {

class Echo final : public net::Stream, private net::Poller::Watched {
 public:
  static constexpr uint64_t kMaxMessage = uint64_t{1024} * 1024;  // bytes; above: Close 1009

  explicit Echo(net::Loop& loop);
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;
  ~Echo() override;

  void start(Handler& handler) override;
  void write(net::Bytes data) override;
  void end() override;
  void pause_reading(net::Pause why) override { pauses_.add(why); }
  void resume_reading(net::Pause why) override;
  bool congested() const override { return congested_; }
  size_t queued() const override { return 0; }  // everything written has been taken

 private:
  static constexpr size_t kHighWater = size_t{64} * 1024;  // of answers that wait to be read

  void on_ready(uint32_t) override;
  void answer(const proto::ws::MessageReader::Event& event);
  void close(proto::ws::CloseCode code, std::string_view reason);

  net::Loop& loop_;
  Handler* handler_ = nullptr;
  proto::ws::MessageReader reader_;
  std::string answers_;
  net::Pauses pauses_;
  bool congested_ = false;
  bool closed_ = false;  // our Close is among the answers: nothing comes after it
  bool told_end_ = false;
};

}  // namespace gateway::origin
