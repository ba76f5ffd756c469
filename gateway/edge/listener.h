// One open port on one worker: accepts, admits, and begins a client connection.
#pragma once

#include "gateway/edge/client_connection.h"
#include "gateway/edge/surroundings.h"
#include "gateway/net/acceptor.h"

namespace gateway::edge {

class Listener final : public net::Acceptor::Handler {
 public:
  // Outlives the connections that came in by it.
  Listener(Surroundings& surroundings, Entrance entrance);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() = default;

  // Begins to accept; after a stop(), too.
  void accept_on(net::UniqueFd fd);
  // Stops accepting, but not before those are taken who are already in the queue.
  void stop();

 private:
  void on_accepted(net::UniqueFd fd, const net::Address& peer) override;
  void on_accept_failed(int error) override;

  Surroundings& surroundings_;
  Entrance entrance_;
  std::optional<net::Acceptor> acceptor_;
};

}  // namespace gateway::edge
