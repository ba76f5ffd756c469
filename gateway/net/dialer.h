// Connects to one address. Destroying it gives up.
#pragma once

#include <memory>

#include "gateway/net/address.h"
#include "gateway/net/loop.h"
#include "gateway/net/source_addresses.h"
#include "gateway/net/stream.h"
#include "gateway/net/tcp_stream.h"

namespace gateway::net {

class Dialer final : private Stream::Handler {
 public:
  // Both may destroy the dialer.
  class Handler {
   public:
    virtual void on_connected(std::unique_ptr<TcpStream> stream) = 0;
    virtual void on_dial_failed(const IoError& error) = 0;

   protected:
    ~Handler() = default;
  };

  // Starts at once; callbacks come from the loop. How long it may take is the owner's deadline.
  // With `sources` (may be null; used in the constructor alone) it connects from one of these; the
  // failure -EADDRNOTAVAIL says that none of them has a port free, or that none is this machine's.
  // A failure that is this machine's own is told as one that has not begun.
  Dialer(Loop& loop, const Address& address, Handler& handler, SourceAddresses* sources = nullptr);

 private:
  struct Attempt {
    UniqueFd fd;
    int error;  // errno; 0: under way
    bool bound = true;
  };
  static Attempt begin(const Address& address, const Address* source);
  static Attempt begin_from_any(const Address& address, SourceAddresses& sources, milliseconds now);

  void on_data(Bytes) override {}
  void on_end() override {}
  void on_drained() override;
  void on_failed(const IoError& error) override;

  Handler& handler_;
  std::unique_ptr<TcpStream> stream_;
  bool begun_ = false;  // the other side may have had a say
};

}  // namespace gateway::net
