#include "gateway/edge/outcome.h"

#include <cassert>
#include <utility>

namespace gateway::edge {

using std::chrono::milliseconds;
using usage::Field;

namespace {

void count_at(Gate gate, metrics::Listener& counters) {
  switch (gate) {
    case Gate::none:
      return;
    case Gate::full:
      counters.rejected[metrics::kOverloadRejection].add(1);
      return;
    case Gate::no_certificate:
      counters.rejected[metrics::kNoCertificateRejection].add(1);
      return;
    case Gate::proxy_header:
      counters.rejected[metrics::kProxyHeaderRejection].add(1);
      return;
    case Gate::tls:
      counters.tls_failed.add(1);
      return;
  }
}

// The views hold as long as the request.
void tell_head(session::HandshakeStory& told, const proto::http1::RequestHead& head) {
  const auto field = [&head](std::string_view name) {
    return head.fields.first(name).value_or("");
  };
  told.method = head.method;
  told.http_version = head.minor_version == 1 ? "1.1" : "1.0";
  told.host = field("Host");
  told.user_agent = field("User-Agent");
  told.origin_header = field("Origin");
  told.referer = field("Referer");
  told.forwarded_for = field("X-Forwarded-For");
  told.traceparent = field("traceparent");
  told.via = field("Via");
}

void tell_client(session::HandshakeStory& told, const ClientFacts& client) {
  told.server = client.server;
  told.listener = client.entrance.name;
  told.tls_version = client.tls.version_name;
  told.tls_cipher = client.tls.cipher;
  told.sni = client.tls.server_name;
  told.tls_resumed = client.tls.resumed;
}

}  // namespace

Outcome::Outcome(const WorkerContext& context, const Request& request)
    : context_(context), request_(request) {}

void Outcome::answered(int status, size_t size) {
  tell();
  if (refusal_) tell_refusal(size);
  tell_answer(status, size);
}

void Outcome::switched(const proto::ws::UpgradeAnswer& agreed, size_t size) {
  tell();
  tell_answer(101, size);
  const milliseconds took = context_.loop.now() - request_.began;
  context_.sessions.figures.handshake_duration.observe(metrics::kHandshakeBounds,
                                                       static_cast<uint64_t>(took.count()));
  session::HandshakeStory told = story(101);
  if (agreed.subprotocol) told.subprotocol = *agreed.subprotocol;
  told.extensions = agreed.extensions;
  identity_ = identify(size);
  session::keep_opening(context_.sessions.scribe, identity_, told);
  session::write_open(context_.sessions.scribe, identity_, told);
}

void Outcome::unanswered() {
  if (told_) return;
  tell();
  if (refusal_) tell_refusal(0);
  bill(0);
}

void Outcome::turned_away(size_t size) {
  tell();
  tell_refusal(size);
}

void Outcome::tell() {
  assert(!told_);
  told_ = true;
  if (trail_ == nullptr) return;
  meter().add(Field::origin_handshake_in, trail_->moved.in);
  meter().add(Field::origin_handshake_out, trail_->moved.out);
}

void Outcome::tell_refusal(size_t answered) {
  count_at(refusal_->gate, request_.client.entrance.counters);
  meter().refuse(refusal_->cause);
  const bool asked = trail_ != nullptr && trail_->was_asked;
  session::write_refused(context_.sessions.scribe, identify(answered), story(refusal_->status),
                         {.by = refusal_->by,
                          .cause = refusal_->cause,
                          .stage = asked ? outcome::Stage::upgrading : outcome::Stage::connecting,
                          .error = refusal_->why,
                          .detail = refusal_->detail});
}

void Outcome::tell_answer(int status, size_t size) {
  counters().handshakes[metrics::status_slot(status)].add(1);
  meter().answer(status);
  bill(size);
}

// WebSocket is billed apart from all other HTTP.
void Outcome::bill(size_t answered) {
  const bool upgrade = request_.has_head() && proto::ws::asks_for_upgrade(request_.head);
  meter().add(upgrade ? Field::client_handshake_in : Field::client_http_in, request_.head_size);
  meter().add(upgrade ? Field::client_handshake_out : Field::client_http_out, answered);
}

void Outcome::count_origin_failure(outcome::Cause cause) {
  counters().origin_failures[static_cast<size_t>(cause)].add(1);
}

metrics::Domain& Outcome::counters() const {
  return request_.domain != nullptr ? *request_.domain->counters[context_.sessions.worker]
                                    : *context_.unmatched;
}

usage::meter::Meter& Outcome::meter() const {
  return request_.domain != nullptr ? *request_.domain->meters[context_.sessions.worker]
                                    : *context_.unmatched_meter;
}

// Whoever is refused before there could be a session is found in the log by its id all the same.
session::Identity Outcome::identify(size_t answered) const {
  const ClientFacts& client = request_.client;
  session::Identity identity;
  identity.id = session::new_session_id();
  identity.client = client.address;
  if (client.proxy) identity.proxy = std::make_unique<net::Address>(*client.proxy);
  identity.client_tls = client.entrance.tls;
  identity.path = request_.target.path;
  identity.handshake_in = static_cast<uint32_t>(request_.head_size);
  identity.handshake_out = static_cast<uint32_t>(answered);
  if (trail_ == nullptr) return identity;
  identity.origin = trail_->address;
  identity.origin_tls = trail_->tls;
  return identity;
}

session::HandshakeStory Outcome::story(int status) const {
  session::HandshakeStory told;
  told.status = status;
  told.generation = request_.snapshot->generation;
  told.handshake = context_.loop.now() - request_.began;
  told.query = request_.target.query;
  if (request_.domain != nullptr) told.domain = request_.domain->label;
  if (request_.has_head()) tell_head(told, request_.head);
  tell_client(told, request_.client);
  if (trail_ == nullptr) return told;
  told.origin_connect = trail_->connect;
  told.retries = trail_->retries;
  told.setbacks = trail_->setbacks;
  return told;
}

}  // namespace gateway::edge
