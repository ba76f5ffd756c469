#include "gateway/edge/client.h"

#include <utility>

namespace gateway::edge {

Client::Client(WorkerContext& context, const Entrance& entrance, net::UniqueFd fd,
               const net::Address& peer, net::Admission::Pass pass)
    : context_(context),
      pass_(std::move(pass)),
      phase_(std::in_place_type<ClientStream>, context, entrance, std::move(fd), peer, *this) {}

void Client::start() { std::get<ClientStream>(phase_).start(); }

void Client::turn_away() {
  std::visit([](auto& phase) { phase.turn_away(); }, phase_);
}

void Client::abort() {
  std::visit([](auto& phase) { phase.abort(); }, phase_);
}

Http1Connection& Client::carry(ClientStream::Ready ready) {
  return phase_.emplace<Http1Connection>(context_, std::move(ready), std::move(pass_), *this);
}

void Client::on_ready(ClientStream::Ready ready) { carry(std::move(ready)).start(); }

void Client::on_spoke_plain(ClientStream::Ready ready, bool head) {
  carry(std::move(ready)).refuse_plain(head);
}

void Client::on_lost(const std::optional<Refusal>& why) {
  const ClientStream& stream = std::get<ClientStream>(phase_);
  if (why) {
    const Request none{
        .client = stream.facts(), .snapshot = stream.snapshot(), .began = stream.facts().accepted};
    Outcome outcome(context_, none);
    outcome.refuse(*why);
    outcome.over();
  }
  context_.clients.retire(*this);
}

}  // namespace gateway::edge
