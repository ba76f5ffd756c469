// A non-blocking TCP socket, with or without TLS, that reads and writes as far as it can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/bench/frame.h"
#include "tests/bench/tls.h"

namespace bench {

enum class IoState { ready, blocked, ended };

struct IoResult {
  size_t bytes = 0;
  IoState state = IoState::blocked;
};

// Owns the descriptor and the TLS state; what a write could not place waits in a queue here.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor, Tls tls = nullptr);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const SSL* tls() const { return tls_.get(); }

  // Fills `into`. A plain read that comes up short has emptied the socket: it counts as blocked
  // without asking again, for new bytes bring a new edge, and with `to_end` (the edge told of a
  // FIN) as the end.
  [[nodiscard]] IoResult read(std::span<uint8_t> into, bool to_end);

  // Writes what fits and queues a copy of the rest. False: the connection is broken.
  [[nodiscard]] bool send(Bytes bytes);
  // Writes from the queue. False: the connection is broken.
  [[nodiscard]] bool flush();
  [[nodiscard]] bool queue_empty() const { return queued_from_ == queue_.size(); }
  void enqueue(Bytes bytes);

  // FIN, after close_notify. The queue is empty when this is called.
  void finish();
  // Bytes that arrived and nobody read.
  [[nodiscard]] size_t unread() const;

 private:
  [[nodiscard]] IoResult read_plain(std::span<uint8_t> into, bool to_end);
  [[nodiscard]] IoResult read_tls(std::span<uint8_t> into);
  [[nodiscard]] IoResult write(Bytes bytes);
  [[nodiscard]] IoResult write_plain(Bytes bytes);
  [[nodiscard]] IoResult write_tls(Bytes bytes);

  int descriptor_ = -1;
  Tls tls_;
  std::vector<uint8_t> queue_;
  size_t queued_from_ = 0;
};

// A connecting socket from `source` to `target` (both dotted IPv4), or -1. `receive_buffer` 0
// leaves the kernel's choice.
[[nodiscard]] int connect_from(const std::string& source, const std::string& target, uint16_t port,
                               int receive_buffer);
// The same from whatever address and with the buffers that the kernel chooses.
[[nodiscard]] int connect_to(const std::string& target, uint16_t port);
// A listening socket on every address, or -1. `port` 0 lets the kernel choose and is set.
[[nodiscard]] int listen_on(uint16_t& port);

}  // namespace bench
