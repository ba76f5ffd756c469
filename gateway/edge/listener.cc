#include "gateway/edge/listener.h"

#include <array>
#include <cstring>
#include <string_view>

#include "gateway/log/log.h"
#include "gateway/net/blame.h"
#include "proto/http1/head_writer.h"

namespace gateway::edge {

namespace {

// Into the empty buffer of a new connection that is closed next. What has come is taken out: a
// close over unread bytes would be a reset, which may overtake the answer.
void say_last(int fd, std::string_view text) {
  static_cast<void>(::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  std::array<char, 4096> unread{};
  for (int round = 0; round < 8; ++round) {
    if (::recv(fd, unread.data(), unread.size(), MSG_DONTWAIT) <= 0) return;
  }
}

}  // namespace

Listener::Listener(Surroundings& surroundings, Entrance entrance)
    : surroundings_(surroundings), entrance_(std::move(entrance)) {}

void Listener::accept_on(net::UniqueFd fd) {
  stop();
  acceptor_.emplace(surroundings_.loop, std::move(fd), *this);
}

void Listener::take_no_more() {
  if (acceptor_) acceptor_->take_no_more();
}

void Listener::stop() {
  if (!acceptor_) return;
  acceptor_->accept_waiting();
  acceptor_.reset();
}

void Listener::on_accepted(net::UniqueFd fd, const net::Address& peer) {
  entrance_.counters.accepted.add(1);
  if (entrance_.tls && !surroundings_.snapshot->listener_tls) {
    refuse_without_certificate(fd, peer);
    return;
  }
  auto pass = surroundings_.admission.admit(entrance_.counters);
  if (!pass) {
    entrance_.counters.rejected[0].add(1);
    // Who speaks TLS sees only the end.
    const std::string answer =
        proto::http1::text_response(503, "limits.max_connections is reached on this node");
    say_last(fd.get(), entrance_.tls ? std::string_view() : answer);
    return;
  }
  auto connection = std::make_unique<ClientConnection>(surroundings_, entrance_, std::move(fd),
                                                       peer, std::move(*pass));
  surroundings_.clients.add(std::move(connection)).start();
}

void Listener::refuse_without_certificate(const net::UniqueFd& fd, const net::Address& peer) {
  entrance_.counters.rejected[metrics::kNoCertificateRejection].add(1);
  surroundings_.unmatched_meter->refuse(log::Cause::no_certificate);
  session::Identity identity;
  identity.id = session::new_session_id();
  identity.client = peer;
  identity.client_tls = true;
  session::HandshakeStory story;
  story.listener = entrance_.name;
  story.generation = surroundings_.snapshot->generation;
  story.server = net::Address::local_of(fd.get()).value_or(peer);
  session::write_refused(
      surroundings_.sessions.scribe, identity, story,
      {.by = log::By::gateway,
       .cause = log::Cause::no_certificate,
       .error = "no domain has a certificate: give one domain tls: { certificate, key }",
       .detail = {}});
  // A fatal alert, handshake_failure: all that can be said without a certificate.
  say_last(fd.get(), std::string_view("\x15\x03\x03\x00\x02\x02\x28", 7));
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
