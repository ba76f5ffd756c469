// One open port on one worker: accepts, admits, and begins a client connection.
#pragma once

#include "gateway/edge/client.h"
#include "gateway/edge/refusal.h"
#include "gateway/edge/worker_context.h"
#include "gateway/net/acceptor.h"

namespace gateway::edge {

class Listener final : public net::Acceptor::Handler {
 public:
  // Outlives the connections that came in by it.
  Listener(WorkerContext& context, Entrance entrance);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() = default;

  // Begins to accept; after a stop(), too.
  void accept_on(net::UniqueFd fd);
  // Nobody new can connect; clients that have begun to are still accepted, until a stop().
  void take_no_more();
  // Takes the clients that are already in the queue, then accepts no more.
  void stop();

 private:
  static constexpr net::milliseconds kTellApart{10'000};  // between two lines about the same lack

  void on_accepted(net::UniqueFd fd, const net::Address& peer) override;
  void on_accept_failed(int error) override;
  // `last`: the bytes that one who is turned away at the door gets in place of an answer.
  void refuse(int fd, const net::Address& peer, Refusal refusal, std::string_view last);

  WorkerContext& context_;
  Entrance entrance_;
  std::optional<net::Acceptor> acceptor_;
  std::optional<net::milliseconds> told_{};
};

}  // namespace gateway::edge
