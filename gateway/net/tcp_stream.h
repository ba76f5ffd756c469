// A connected TCP socket as a Stream, in the loop's edge-triggered set.
#pragma once

#include <memory>

#include "gateway/net/loop.h"
#include "gateway/net/stream.h"
#include "gateway/net/unique_fd.h"
#include "gateway/net/write_queue.h"

namespace gateway::net {

// Writes go to the socket at once; what it refuses is queued. Reads go on until the socket is short of the buffer, for a
// few rounds, then others have their turn.
class TcpStream final : public Stream, private Poller::Watched {
 public:
  // Takes a connected, non-blocking socket. Nothing is read before start().
  TcpStream(Loop& loop, UniqueFd fd);
  // The same for a socket that `before` was watching: its place in the epoll set is taken over.
  TcpStream(Loop& loop, UniqueFd fd, Poller::Watched& before);
  ~TcpStream() override;

  void start(Handler& handler) override;
  void write(Bytes data) override;
  void end() override;
  void pause_reading() override { paused_ = true; }
  void resume_reading() override;
  bool congested() const override { return queue_ != nullptr; }
  size_t queued() const override { return queue_ ? queue_->pending().size() : 0; }

  int fd() const { return fd_.get(); }

 private:
  static constexpr uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

  void on_ready(uint32_t events) override;
  bool flush();            // false: this is gone
  void receive();
  bool deliver(Bytes data);   // false: this is gone
  void fail(int error, IoError::Doing doing);
  void report_failure();

  Loop& loop_;
  Handler* handler_ = nullptr;
  std::unique_ptr<WriteQueue> queue_;
  bool* destroyed_ = nullptr;   // set while a callback runs: told when it destroys this
  UniqueFd fd_;
  int failed_ = 0;              // errno, kept until it can be reported
  IoError::Doing doing_ = IoError::Doing::reading;
  bool readable_ = true;        // the socket may hold more than was read
  bool hung_up_ = false;        // the peer's FIN is there: the read that finds it must not be skipped
  bool paused_ = false;
  bool ended_ = false;          // no more writes are taken
  bool finished_ = false;       // on_end or on_failed has been called
};

}  // namespace gateway::net
