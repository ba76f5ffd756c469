// One of the two connections of a relayed pair: TCP, with or without TLS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "tests/bench/frame.h"
#include "tests/bench/socket.h"
#include "tests/bench/tls.h"

namespace bench {

// What every end uses in turn: the buffers of one call, and the BIO by which OpenSSL reads from and
// writes to them. Outlives the ends.
class RelayBuffers {
 public:
  RelayBuffers();
  RelayBuffers(const RelayBuffers&) = delete;
  RelayBuffers& operator=(const RelayBuffers&) = delete;

  // One read; a record that was begun with an earlier one may add its plain text to it.
  static constexpr size_t kReadSize = size_t{128} * 1024;
  static constexpr size_t kPlainSize = kReadSize + size_t{32} * 1024;

  std::vector<uint8_t> read;     // what came from a socket
  std::vector<uint8_t> plain;    // what TLS made of it
  Bytes input;                   // what OpenSSL has not taken yet of `read`
  std::vector<uint8_t> records;  // what OpenSSL has to say
  [[nodiscard]] BIO* bio() const { return bio_.get(); }

 private:
  struct BioFree {
    void operator()(BIO* bio) const { BIO_free(bio); }
  };
  std::unique_ptr<BIO, BioFree> bio_;
};

// Holds no buffer but what its socket has refused. A failure is an end: the relay tells nobody why.
class RelayEnd {
 public:
  explicit RelayEnd(RelayBuffers& buffers) : buffers_(buffers) {}

  // Takes a socket, which may still be connecting.
  void open(int descriptor, Tls tls);

  // Takes what epoll has told and writes what waits. False: the connection is broken.
  [[nodiscard]] bool on_event(uint32_t events);

  // Connected, and its TLS handshake done.
  [[nodiscard]] bool ready() const;
  // The socket may hold more than was read.
  [[nodiscard]] bool readable() const { return readable_; }
  // All that the peer sends has been read.
  [[nodiscard]] bool ended() const { return ended_; }
  // The socket has refused something: the other end is not read until that is gone.
  [[nodiscard]] bool congested() const { return !socket_.queue_empty(); }

  // Reads the socket once, where it is readable, and shakes hands on the way: empty while only the
  // handshake has moved on. Valid until the next read of any end.
  [[nodiscard]] Bytes read();
  // Once ready; takes all. False: the connection is broken.
  [[nodiscard]] bool write(Bytes bytes);
  // Says goodbye where TLS wants it said; the FIN comes with the destruction.
  void finish();

  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }

 private:
  [[nodiscard]] Bytes decrypt(Bytes input);
  [[nodiscard]] bool send_records();

  RelayBuffers& buffers_;
  Socket socket_;
  Tls tls_;
  bool connected_ = false;
  bool readable_ = false;
  bool last_edge_ = false;  // epoll has told of the end: behind a short read nothing comes
  bool ended_ = false;
};

}  // namespace bench
