// One connection of the origin of plain requests.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tests/bench/http_body.h"
#include "tests/bench/socket.h"

namespace bench {

// Answers one request after the other, once the request's body has come, by its path:
//   /bytes/N    N bytes with a Content-Length
//   /chunked/N  the same in chunks
//   /events     an event stream that says one event and then nothing
//   /flood      chunks without end
class HttpServer {
 public:
  HttpServer(Socket socket, std::span<uint8_t> buffer)
      : socket_(std::move(socket)), buffer_(buffer) {}

  // False: the connection is over and is to be destroyed.
  [[nodiscard]] bool on_event(uint32_t events);
  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }

 private:
  // head -> body -> answer -> head …, or closing; an answer without end stays
  enum class Stage { head, body, answer, closing };

  [[nodiscard]] bool read_all(bool to_end);
  [[nodiscard]] bool take(Bytes in);
  [[nodiscard]] bool begin_answer();
  // Writes on until the socket takes no more, or all is written.
  [[nodiscard]] bool go_on();
  [[nodiscard]] bool close_when_sent();
  [[nodiscard]] bool send(std::string_view text);

  Socket socket_;
  std::span<uint8_t> buffer_;
  Stage stage_ = Stage::head;
  HeadBuffer head_;
  HttpBody body_;
  bool closes_ = false;
  bool chunked_ = false;
  bool endless_ = false;
  uint64_t left_ = 0;  // of the answer
};

}  // namespace bench
