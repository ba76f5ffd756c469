// Connects to one address. Destroying it gives up.
#pragma once

#include <memory>

#include "gateway/net/address.h"
#include "gateway/net/loop.h"
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
  Dialer(Loop& loop, const Address& address, Handler& handler);

 private:
  void on_data(Bytes) override {}
  void on_end() override {}
  void on_drained() override;
  void on_failed(const IoError& error) override;

  Handler& handler_;
  std::unique_ptr<TcpStream> stream_;
};

}  // namespace gateway::net
