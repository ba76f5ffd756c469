// One client's connection from accept to its end, or to the session that takes it over.
#pragma once

#include <variant>

#include "gateway/edge/client_stream.h"
#include "gateway/edge/http1_connection.h"
#include "gateway/edge/worker_context.h"
#include "gateway/net/admission.h"
#include "gateway/net/owned_set.h"

namespace gateway::edge {

//  ClientStream ──ready──▶ Http1Connection ──over──▶ retired
//     └──lost──▶ retired
// Owned by the worker's set of clients, which deletes it at the end of the turn in which it is
// retired. The phases stand in the same memory, one after the other. Where there is a carrier
// besides HTTP/1.1, what TLS has agreed on chooses it here.
class Client final : public net::Owned,
                     public ClientStream::Handler,
                     public Http1Connection::Handler {
 public:
  Client(WorkerContext& context, const Entrance& entrance, net::UniqueFd fd,
         const net::Address& peer, net::Admission::Pass pass);

  // Once it is among the worker's clients. May retire it.
  void start();
  // Drain: a client that has said nothing yet is let go, one that has may finish.
  void turn_away();
  // At once; a client that has asked hears 503.
  void abort();

 private:
  void on_ready(ClientStream::Ready ready) override;
  void on_spoke_plain(ClientStream::Ready ready, bool head) override;
  void on_lost(const std::optional<Refusal>& why) override;
  void on_over() override { context_.clients.retire(*this); }

  Http1Connection& carry(ClientStream::Ready ready);

  WorkerContext& context_;
  net::Admission::Pass pass_;  // until there is a carrier
  std::variant<ClientStream, Http1Connection> phase_;
};

}  // namespace gateway::edge
