#include "gateway/edge/listener.h"

#include <array>
#include <cstring>
#include <string_view>

#include "gateway/log/log.h"
#include "gateway/net/blame.h"
#include "proto/http1/head_writer.h"

namespace gateway::edge {

using outcome::By;
using outcome::Cause;

namespace {

// The buffer of a new connection is empty, so that the text fits at once; the connection is closed
// next. What has come is taken out: a close over unread bytes would be a reset, which may overtake
// the answer.
bool say_last(int fd, std::string_view text) {
  const bool said = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
  std::array<char, 4096> unread{};
  for (int round = 0; round < 8; ++round) {
    if (::recv(fd, unread.data(), unread.size(), MSG_DONTWAIT) <= 0) return said;
  }
  return said;
}

}  // namespace

Listener::Listener(WorkerContext& context, Entrance entrance)
    : context_(context), entrance_(std::move(entrance)) {}

void Listener::accept_on(net::UniqueFd fd) {
  stop();
  entrance_.address = net::Address::local_of(fd.get());
  if (entrance_.address && entrance_.address->is_any()) entrance_.address.reset();
  acceptor_.emplace(context_.loop, std::move(fd), *this);
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
  if (entrance_.tls && !context_.snapshot->listener_tls) {
    // A fatal alert, handshake_failure: all that can be said without a certificate.
    constexpr std::string_view kAlert("\x15\x03\x03\x00\x02\x02\x28", 7);
    refuse(fd.get(), peer,
           {.cause = Cause::no_certificate,
            .why = "no domain has a certificate: give one domain tls: { certificate, key }",
            .by = By::gateway,
            .gate = Gate::no_certificate},
           kAlert);
    return;
  }
  context_.idle_clients.make_room();
  auto pass = context_.admission.admit(entrance_.counters);
  if (!pass) {
    const Refusal full{.status = entrance_.tls ? 0 : 503,
                       .cause = Cause::overload,
                       .why = "limits.max_connections is reached on this node",
                       .by = By::gateway,
                       .gate = Gate::full};
    // Who speaks TLS sees only the end.
    refuse(fd.get(), peer, full,
           entrance_.tls ? std::string() : proto::http1::text_response(full.status, full.why));
    return;
  }
  auto client =
      std::make_unique<Client>(context_, entrance_, std::move(fd), peer, std::move(*pass));
  context_.clients.add(std::move(client)).start();
}

void Listener::refuse(int fd, const net::Address& peer, Refusal refusal, std::string_view last) {
  if (!say_last(fd, last)) refusal.status = 0;
  const bool answered = refusal.status != 0;
  const ClientFacts client{.entrance = entrance_,
                           .address = peer,
                           .proxy = std::nullopt,
                           .server = own_end(entrance_, fd, peer),
                           .accepted = context_.loop.now()};
  const Request none{.client = client, .snapshot = context_.snapshot, .began = client.accepted};
  Outcome outcome(context_, none);
  outcome.refuse(std::move(refusal));
  outcome.turned_away(answered ? last.size() : 0);
}

void Listener::on_accept_failed(int error) {
  entrance_.counters.rejected[metrics::kNoDescriptorsRejection].add(1);
  // The acceptor tries ten times a second; those who wait stand in the queue meanwhile.
  const net::milliseconds now = context_.loop.now();
  if (told_ && now - *told_ < kTellApart) return;
  told_ = now;
  const std::string why = std::strerror(error);  // NOLINT(concurrency-mt-unsafe)
  log::say(log::Level::warning,
           "listener=" + entrance_.name + " cannot accept: " +
               net::own_fault_text({.code = -error, .doing = {}, .text = why}) + "; trying again");
}

}  // namespace gateway::edge
