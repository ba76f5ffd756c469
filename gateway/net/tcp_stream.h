// A connected TCP socket as a Stream, in the loop's edge-triggered set.
#pragma once

#include <memory>

#include "gateway/net/loop.h"
#include "gateway/net/stream.h"
#include "gateway/net/unique_fd.h"
#include "gateway/net/write_queue.h"

namespace gateway::net {

// Writes go to the socket at once; what it refuses is queued. Reads go on until the socket is short
// of the buffer, for a few rounds, then others have their turn.
class TcpStream final : public Stream, private Poller::Watched {
 public:
  enum class State : uint8_t { connected, connecting };

  // Takes a non-blocking socket. Nothing is read before start(). One that is still connecting is
  // congested: on_drained tells that it is connected, on_failed that it is not. It is not ended
  // before.
  TcpStream(Loop& loop, UniqueFd fd, State state = State::connected);
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;
  ~TcpStream() override;

  void start(Handler& handler) override;
  void write(Bytes data) override;
  void write_all(std::span<const Bytes> parts) override;
  void end() override;
  void finish() override;
  void pause_reading(Pause why) override { pauses_.add(why); }
  void resume_reading(Pause why) override;
  void read_at_most(size_t bytes) override;
  void abandon() override;
  bool has_unread() const override;
  bool at_rest() const override;
  bool congested() const override { return writing_ == Writing::connecting || queue_ != nullptr; }
  size_t queued() const override { return lost_ + (queue_ ? queue_->pending().size() : 0); }

  size_t unacknowledged() const override;
  std::optional<PeerState> peer_state() const override;
  void expect_acknowledgement_within(std::chrono::milliseconds time) override;
  std::optional<Volume> packets() const override;

  int fd() const { return fd_.get(); }

  // The loop could not watch the socket, or it was refused: on_failed will say so.
  bool has_failed() const { return failed_ != 0; }
  // It could not even begin to connect: on_failed will say so.
  void refuse(int error) { fail(error, IoError::Doing::connecting); }

 private:
  static constexpr uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

  // The peer's direction: what the socket may still have to read.
  //   empty ──bytes──► readable ──a short read──► empty
  //   empty, readable ──FIN──► ending: no event tells of the end behind a short read
  //   any of these ──error──► broken: a read will tell which
  //   readable, ending, broken ──all is read──► ended: on_end has been called
  //   any ──a failure was told──► over: on_failed has been called
  enum class Reading : uint8_t { empty, readable, ending, broken, ended, over };

  // Our direction: what may be written.
  //   connecting ──► open ──end()──► ending ──the queue has gone──► ended
  //                    └──end() without a queue, finish()────────────┘
  //   any ──failure──► failed
  enum class Writing : uint8_t { connecting, open, ending, ended, failed };

  void on_ready(uint32_t events) override;
  bool connected(uint32_t events);  // false: not yet, or this is gone
  void note(uint32_t events);
  bool flush();         // false: this is gone
  bool tell_drained();  // false: this is gone
  void receive();
  void read_refused(int error);
  void tell_end();
  bool deliver(Bytes data);  // false: this is gone
  void fail(int error, IoError::Doing doing);
  void report_failure();
  void advance(Reading next);
  void advance(Writing next);
  static bool may_follow(Reading next, Reading now);
  static bool may_follow(Writing next, Writing now);
  bool has_bytes() const {
    return reading_ == Reading::readable || reading_ == Reading::ending ||
           reading_ == Reading::broken;
  }

  // The small ones stand first: they fit behind what the poller keeps, and each idle session has
  // two of these.
  Reading reading_ = Reading::empty;
  Writing writing_;
  Pauses pauses_;
  uint8_t most_read_ = 0;  // in steps of kReadStep; 0: as much as fits
  IoError::Doing doing_ = IoError::Doing::reading;
  int16_t failed_ = 0;  // errno, kept until it can be reported
  uint32_t lost_ = 0;   // bytes that a failure has kept from the kernel
  UniqueFd fd_;
  Loop& loop_;
  Handler* handler_ = nullptr;
  std::unique_ptr<WriteQueue> queue_;
};

}  // namespace gateway::net
