// One client connection of the load of plain requests.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tests/bench/http_body.h"
#include "tests/bench/poller.h"
#include "tests/bench/socket.h"
#include "tests/bench/tls.h"

namespace bench {

struct HttpTarget {
  std::string address = "127.0.0.1";
  uint16_t port = 0;
  std::string request;       // head and body: what each request of the load is
  uint64_t answer_size = 0;  // of each answer's body
  int receive_buffer = 0;    // 0: the kernel's choice
  ClientTls* tls = nullptr;  // null: plain
};

// Connects, asks, reads the answer, asks again. May be started again once on_closed() was called,
// from within it, too.
class HttpClient {
 public:
  // Called from on_event() and ask() alone.
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void on_connected(HttpClient& client) = 0;
    virtual void on_answer(HttpClient& client, bool right) = 0;
    // Of an answer without end: its first bytes have come.
    virtual void on_begun(HttpClient&) {}
    // The last call: the server has closed, or has gone.
    virtual void on_closed(HttpClient& client) = 0;
  };

  HttpClient(const HttpTarget& target, Poller& poller, uint64_t tag, Observer& observer,
             std::span<uint8_t> buffer)
      : target_(target), poller_(poller), tag_(tag), observer_(observer), buffer_(buffer) {}

  // False when no socket could be had; then nothing is called.
  [[nodiscard]] bool start(const std::string& source);
  void on_event(uint32_t events);
  void ask();
  void stop_reading() { reading_ = false; }

  [[nodiscard]] bool connected() const { return stage_ != Stage::closed && connected_; }
  [[nodiscard]] size_t unread() const { return socket_.unread(); }
  [[nodiscard]] const SSL* tls() const { return socket_.tls(); }

 private:
  // idle -> head -> body -> idle; any of them -> closed
  enum class Stage { closed, idle, head, body };

  void note_connection(uint32_t events);
  [[nodiscard]] bool read_all(bool to_end);
  [[nodiscard]] bool take(Bytes in);
  void end();

  const HttpTarget& target_;
  Poller& poller_;
  const uint64_t tag_;
  Observer& observer_;
  std::span<uint8_t> buffer_;
  Socket socket_;
  Stage stage_ = Stage::closed;
  bool connected_ = false;
  bool reading_ = true;
  bool right_ = false;  // the answer's status
  HeadBuffer head_;
  HttpBody body_;
};

}  // namespace bench
