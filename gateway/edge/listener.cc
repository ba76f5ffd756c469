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
bool say_last(int fd, std::string_view text) {
  const bool said = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
  std::array<char, 4096> unread{};
  for (int round = 0; round < 8; ++round) {
    if (::recv(fd, unread.data(), unread.size(), MSG_DONTWAIT) <= 0) return said;
  }
  return said;
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
    // A fatal alert, handshake_failure: all that can be said without a certificate.
    refuse(fd.get(), peer,
           {.cause = outcome::Cause::no_certificate,
            .counter = metrics::kNoCertificateRejection,
            .status = 0,
            .why = "no domain has a certificate: give one domain tls: { certificate, key }",
            .last = std::string_view("\x15\x03\x03\x00\x02\x02\x28", 7)});
    return;
  }
  auto pass = surroundings_.admission.admit(entrance_.counters);
  if (!pass) {
    constexpr std::string_view kWhy = "limits.max_connections is reached on this node";
    const std::string answer = proto::http1::text_response(503, kWhy);
    // Who speaks TLS sees only the end.
    refuse(fd.get(), peer,
           {.cause = outcome::Cause::overload,
            .counter = 0,
            .status = entrance_.tls ? 0 : 503,
            .why = kWhy,
            .last = entrance_.tls ? std::string_view() : std::string_view(answer)});
    return;
  }
  auto connection = std::make_unique<ClientConnection>(surroundings_, entrance_, std::move(fd),
                                                       peer, std::move(*pass));
  surroundings_.clients.add(std::move(connection)).start();
}

void Listener::refuse(int fd, const net::Address& peer, const Refusal& refusal) {
  entrance_.counters.rejected[refusal.counter].add(1);
  surroundings_.unmatched_meter->refuse(refusal.cause);
  const bool answered = say_last(fd, refusal.last) && refusal.status != 0;
  session::Identity identity;
  identity.id = session::new_session_id();
  identity.client = peer;
  identity.client_tls = entrance_.tls;
  identity.handshake_out = answered ? static_cast<uint32_t>(refusal.last.size()) : 0;
  session::HandshakeStory story;
  story.status = answered ? refusal.status : 0;
  story.generation = surroundings_.snapshot->generation;
  story.server = net::Address::local_of(fd).value_or(peer);
  story.listener = entrance_.name;
  session::write_refused(
      surroundings_.sessions.scribe, identity, story,
      {.by = outcome::By::gateway, .cause = refusal.cause, .error = refusal.why, .detail = {}});
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
