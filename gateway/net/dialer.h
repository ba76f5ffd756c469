// Connects to one address. Destroying it gives up.
#pragma once

#include "gateway/net/address.h"
#include "gateway/net/loop.h"
#include "gateway/net/stream.h"
#include "gateway/net/tcp_stream.h"

namespace gateway::net {

class Dialer final : private Poller::Watched {
 public:
  class Handler {
   public:
    virtual void on_connected(std::unique_ptr<TcpStream> stream) = 0;
    virtual void on_dial_failed(const IoError& error) = 0;   // may destroy the dialer

   protected:
    ~Handler() = default;
  };

  // Starts at once; callbacks come from the loop. How long it may take is the owner's deadline.
  Dialer(Loop& loop, const Address& address, Handler& handler);
  ~Dialer();

 private:
  void on_ready(uint32_t events) override;

  Loop& loop_;
  Handler& handler_;
  UniqueFd fd_;
  int error_ = 0;
};

}  // namespace gateway::net
