// One WebSocket client connection of the load.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tests/bench/frame.h"
#include "tests/bench/poller.h"
#include "tests/bench/socket.h"
#include "tests/bench/tls.h"

namespace bench {

struct Target {
  std::string address = "127.0.0.1";
  uint16_t port = 0;
  std::string host = "bench.test";
  std::string path = "/echo";
  int receive_buffer = 0;
  ClientTls* tls = nullptr;  // null: plain
};

// Connects, upgrades, sends messages, reads them back and closes. Outlives its socket: start()
// may be called again once on_closed() was, from within it too, as the same object.
class ClientConnection {
 public:
  struct Message {
    uint64_t length = 0;
    uint64_t stamp = 0;  // the first eight bytes of the payload
  };

  // Called from on_event() alone, never from send() or close().
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void on_open(ClientConnection& connection) = 0;
    virtual void on_message(ClientConnection& connection, const Message& message) = 0;
    // All that was sent has left for the kernel and there is room again.
    virtual void on_writable(ClientConnection&) {}
    // The last call. `clean`: both Close frames went by before the end of the stream.
    virtual void on_closed(ClientConnection& connection, bool clean) = 0;
  };

  // `tag` is what the poller tells this connection's events by. `buffer` is lent by the load to
  // whichever connection reads.
  ClientConnection(const Target& target, Poller& poller, uint64_t tag, Observer& observer,
                   std::span<uint8_t> buffer)
      : target_(target), poller_(poller), tag_(tag), observer_(observer), buffer_(buffer) {}

  // False when no socket could be had; then nothing is called.
  [[nodiscard]] bool start(const std::string& source);
  void on_event(uint32_t events);

  void send(Bytes frame);
  // Sends a Close frame; the server is expected to end the stream.
  void close();
  // Leaves whatever arrives from now on unread in the kernel.
  void stop_reading() { reading_ = false; }

  [[nodiscard]] bool open() const { return stage_ == Stage::open; }
  [[nodiscard]] bool congested() const { return !socket_.queue_empty(); }
  [[nodiscard]] size_t unread() const { return socket_.unread(); }
  [[nodiscard]] const SSL* tls() const { return socket_.tls(); }

  // For the load's own use: messages sent and received since start(), the last stamp seen.
  uint64_t sent = 0;
  uint64_t received = 0;
  uint64_t last_stamp = 0;
  // When the request had left for the kernel, in nanoseconds; 0: it has not.
  int64_t requested_at = 0;

 private:
  // upgrading -> open -> closing -> closed; any stage may go to closed.
  enum class Stage { closed, upgrading, open, closing };

  [[nodiscard]] bool read_all(bool to_end);
  [[nodiscard]] bool take(Bytes in);
  [[nodiscard]] bool take_head(Bytes& in);
  [[nodiscard]] bool take_piece(const FrameReader::Piece& piece);
  void take_payload(const FrameReader::Piece& piece);
  void end();

  const Target& target_;
  Poller& poller_;
  const uint64_t tag_;
  Observer& observer_;
  std::span<uint8_t> buffer_;
  Socket socket_;
  Stage stage_ = Stage::closed;
  bool reading_ = true;
  bool broken_ = false;
  bool close_seen_ = false;
  std::string key_;
  std::string head_;
  FrameReader frames_;
  Message message_;
};

}  // namespace bench
