// The answer to one request as HTTP/1.1 writes it: its head, and the framing of its body.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/exchange/client_side.h"
#include "gateway/net/stream.h"

namespace gateway::edge {

//  idle ──begin()──▶ begun ──finish()──▶ whole
//
// Holds the head, and octets as long as they are few, so that a small answer is one write; whoever
// owns it calls flush() by the end of the turn in which something is held.
class AnswerWriter {
 public:
  using Body = exchange::ClientSide::Body;

  // Facts of the request that decide how an answer to it is framed.
  struct Client {
    bool to_head = false;   // HEAD: no body follows
    int minor_version = 1;  // HTTP/1.0 knows no chunks, and keeps a connection only if told so
  };

  explicit AnswerWriter(Client client) : client_(client) {}

  // `keep`: the connection may serve another request, as far as anybody knows by now.
  void begin(int status, std::string_view fields, const Body& body, bool keep);
  void give(net::Stream& to, net::Bytes octets);
  // False: octets of the announced length were not given, so that this is no end; nothing is
  // written.
  [[nodiscard]] bool finish(net::Stream& to);
  void flush(net::Stream& to);

  // Nothing more is served on the connection: the head says so, if it has not gone.
  void close_behind();

  // The head as it stands; nothing: it has gone. Views what is held.
  struct Head {
    int status;
    std::string_view fields;
    size_t size;  // with its framing
  };
  std::optional<Head> held_head() const;

  bool has_begun() const { return framing_ != Framing::none_yet; }
  bool holds() const { return !held_.empty(); }
  // Whether give() would do so with that much more.
  bool would_hold(size_t octets) const;
  bool keeps() const { return keep_; }
  // The answer ends where the connection does, so that only a reset tells a cut from an end.
  bool ends_with_connection() const { return framing_ == Framing::connection; }
  // Bytes that were written.
  uint64_t written() const { return written_; }

 private:
  enum class Framing : uint8_t { none_yet, empty, length, chunks, connection };

  Framing frame(const Body& body) const;
  void write(net::Stream& to, std::span<const net::Bytes> parts);

  Client client_;
  Framing framing_ = Framing::none_yet;
  bool keep_ = false;
  uint16_t status_ = 0;
  size_t fields_at_ = 0;  // of held_
  size_t head_end_ = 0;   // likewise: where a further field goes; 0: the head has gone
  size_t head_size_ = 0;
  uint64_t left_ = 0;  // octets of the announced length
  uint64_t written_ = 0;
  std::string held_;
};

}  // namespace gateway::edge
