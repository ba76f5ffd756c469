// The answer to one request as HTTP/1.1 writes it: its head, and the framing of its body.
#pragma once

#include <cstdint>
#include <optional>
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
  void finish(net::Stream& to);
  void flush(net::Stream& to);

  // Nothing more is served on the connection: the head says so, if it has not gone.
  void close_behind();

  bool has_begun() const { return framing_ != Framing::none_yet; }
  bool holds() const { return !held_.empty(); }
  bool keeps() const { return keep_; }
  // The answer ends where the connection does, so that only a reset tells a cut from an end.
  bool ends_with_connection() const { return framing_ == Framing::connection; }
  // Octets of the announced length have not been given.
  bool lacks_octets() const { return framing_ == Framing::length && left_ > 0; }
  // Bytes that were written, or are held.
  uint64_t size() const { return size_; }

 private:
  enum class Framing : uint8_t { none_yet, empty, length, chunks, connection };

  Framing frame(const Body& body) const;
  void hold(std::string_view text);
  void write_chunk(net::Stream& to, net::Bytes octets);
  void release();

  Client client_;
  Framing framing_ = Framing::none_yet;
  bool keep_ = false;
  size_t head_end_ = 0;  // of held_: where a further field goes; 0: the head has gone
  uint64_t left_ = 0;    // octets of the announced length
  uint64_t size_ = 0;
  std::string held_;
};

}  // namespace gateway::edge
