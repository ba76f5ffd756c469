// One connection of the echo origin.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tests/bench/frame.h"
#include "tests/bench/socket.h"

namespace bench {

// Buffers that every connection of the origin uses in turn. `out` is the larger by the most that
// frame heads can grow by.
struct OriginBuffers {
  std::span<uint8_t> in;
  std::span<uint8_t> out;
};

// Answers an upgrade, then does what the path asks for: /flood sends frames without end and never
// reads, /sink never reads, any other path echoes.
class OriginConnection {
 public:
  OriginConnection(Socket socket, OriginBuffers buffers)
      : socket_(std::move(socket)), buffers_(buffers) {}

  // False: the connection is over and is to be destroyed.
  [[nodiscard]] bool on_event(uint32_t events);
  // True from the moment the connection floods: it then wants level-triggered writability, so
  // that a fast reader cannot keep the loop to itself.
  [[nodiscard]] bool flooding() const { return stage_ == Stage::flood; }
  [[nodiscard]] const SSL* tls() const { return socket_.tls(); }
  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }

 private:
  // head -> echo | flood | sink; head | echo -> closing.
  enum class Stage { head, echo, flood, sink, closing };

  [[nodiscard]] bool read_all(bool to_end);
  [[nodiscard]] bool take(Bytes in);
  [[nodiscard]] bool take_head(Bytes& in);
  [[nodiscard]] bool echo(Bytes in);
  [[nodiscard]] size_t echo_piece(const FrameReader::Piece& piece, uint8_t* out);
  [[nodiscard]] bool close_when_sent();
  [[nodiscard]] bool flood();

  Socket socket_;
  OriginBuffers buffers_;
  Stage stage_ = Stage::head;
  std::string head_;
  FrameReader frames_;
};

}  // namespace bench
