#include "gateway/edge/listener.h"

#include <cstring>

#include "gateway/log/log.h"
#include "gateway/net/blame.h"
#include "proto/http1/head_writer.h"

namespace gateway::edge {

Listener::Listener(Surroundings& surroundings, Entrance entrance)
    : surroundings_(surroundings), entrance_(std::move(entrance)) {}

void Listener::accept_on(net::UniqueFd fd) {
  stop();
  acceptor_.emplace(surroundings_.loop, std::move(fd), *this);
}

void Listener::stop() {
  if (!acceptor_) return;
  acceptor_->accept_waiting();
  acceptor_.reset();
}

void Listener::on_accepted(net::UniqueFd fd, const net::Address& peer) {
  entrance_.counters.accepted.add(1);
  auto pass = surroundings_.admission.admit(entrance_.counters);
  const bool no_certificate = entrance_.tls && !surroundings_.snapshot->listener_tls;
  if (!pass || no_certificate) {
    entrance_.counters.rejected[0].add(1);
    // Said into the empty socket buffer of a new connection; who speaks TLS sees only the end.
    const std::string answer =
        proto::http1::text_response(503, "limits.max_connections is reached on this node");
    if (!entrance_.tls)
      static_cast<void>(
          ::send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    return;
  }
  auto connection = std::make_unique<ClientConnection>(surroundings_, entrance_, std::move(fd),
                                                       peer, std::move(*pass));
  surroundings_.clients.add(std::move(connection)).start();
}

void Listener::on_accept_failed(int error) {
  entrance_.counters.rejected[1].add(1);
  // The acceptor tries ten times a second; those who wait stand in the queue meanwhile.
  const net::milliseconds now = surroundings_.loop.now();
  if (told_ && now - *told_ < kTellApart) return;
  told_ = now;
  const std::string why = std::strerror(error);  // NOLINT(concurrency-mt-unsafe)
  log::say(log::Level::warning,
           "listener=" + entrance_.name + " cannot accept: " +
               net::own_fault_text({.code = -error, .doing = {}, .text = why}) + "; trying again");
}

}  // namespace gateway::edge
