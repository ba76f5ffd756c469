#include "gateway/edge/outcome.h"

#include <algorithm>
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

void Outcome::exchanging() { assert(is_plain() && status_ == 0); }

void Outcome::answering(int status, std::string_view, size_t) { count_answer(status); }

void Outcome::exchanged(outcome::ExchangeEnd end, std::optional<outcome::By>) {
  look_at_trail();
  if (!end_ || !end_->cause) end_ = std::move(end);
}

void Outcome::answered(int status, size_t heads, size_t body) {
  look_at_trail();
  count_answer(status);
  if (refusal_) count_refusal();
  if (is_plain()) return;
  moved_client({.in = request_.head_size, .out = heads + body});
  told_ = true;
  if (refusal_) tell_refusal();
}

void Outcome::switched(const proto::ws::UpgradeAnswer& agreed, size_t size) {
  assert(!told_);
  told_ = true;
  look_at_trail();
  count_answer(101);
  moved_client({.in = request_.head_size, .out = size});
  const milliseconds took = context_.loop.now() - request_.began;
  context_.sessions.figures.handshake_duration.observe(metrics::kHandshakeBounds,
                                                       static_cast<uint64_t>(took.count()));
  session::HandshakeStory told = story(101);
  if (agreed.subprotocol) told.subprotocol = *agreed.subprotocol;
  told.extensions = agreed.extensions;
  identity_ = identify();
  session::keep_opening(context_.sessions.scribe, identity_, told);
  session::write_open(context_.sessions.scribe, identity_, told);
}

void Outcome::over() {
  if (told_) return;
  told_ = true;
  look_at_trail();
  moved_client({.in = request_.head_size, .out = 0});
  if (!refusal_) return;
  if (status_ == 0) count_refusal();
  tell_refusal();
}

void Outcome::turned_away(size_t size) {
  assert(!told_);
  told_ = true;
  client_.out = size;
  count_refusal();
  tell_refusal();
}

// WebSocket is billed apart from all other HTTP.
bool Outcome::is_plain() {
  if (!plain_) plain_ = !request_.has_head() || !proto::ws::asks_for_upgrade(request_.head);
  return *plain_;
}

void Outcome::moved_client(const net::Volume& totals) {
  const bool plain = is_plain();
  const net::Volume now{.in = std::max(totals.in, client_.in),
                        .out = std::max(totals.out, client_.out)};
  meter().add(plain ? Field::client_http_in : Field::client_handshake_in, now.in - client_.in);
  meter().add(plain ? Field::client_http_out : Field::client_handshake_out, now.out - client_.out);
  client_ = now;
}

void Outcome::moved_origin(const net::Volume& totals, const route::Backend*) {
  const bool plain = is_plain();
  const net::Volume now{.in = std::max(totals.in, origin_.in),
                        .out = std::max(totals.out, origin_.out)};
  meter().add(plain ? Field::origin_http_in : Field::origin_handshake_in, now.in - origin_.in);
  meter().add(plain ? Field::origin_http_out : Field::origin_handshake_out, now.out - origin_.out);
  origin_ = now;
}

// Once: it may be gone soon.
void Outcome::look_at_trail() {
  if (trail_ == nullptr || way_) return;
  moved_origin(trail_->moved, nullptr);
  way_ = Way{.address = trail_->address,
             .tls = trail_->tls,
             .was_asked = trail_->was_asked,
             .connect = trail_->connect,
             .retries = trail_->retries,
             .setbacks = trail_->setbacks};
}

void Outcome::count_answer(int status) {
  assert(status_ == 0);
  status_ = status;
  counters().handshakes[metrics::status_slot(status)].add(1);
  meter().answer(status);
}

void Outcome::count_refusal() {
  count_at(refusal_->gate, request_.client.entrance.counters);
  meter().refuse(refusal_->cause);
}

void Outcome::tell_refusal() {
  const bool asked = way_ && way_->was_asked;
  session::write_refused(context_.sessions.scribe, identify(), story(refusal_->status),
                         {.by = refusal_->by,
                          .cause = refusal_->cause,
                          .stage = asked ? outcome::Stage::upgrading : outcome::Stage::connecting,
                          .error = refusal_->why,
                          .detail = refusal_->detail});
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
session::Identity Outcome::identify() const {
  session::Identity identity;
  identity.id = session::new_session_id();
  identity.client = request_.client_address();
  if (const auto proxy = request_.proxy()) identity.make_seldom().proxy = *proxy;
  identity.client_tls = request_.client_tls();
  identity.path = request_.target.path;
  identity.handshake_in = static_cast<uint32_t>(client_.in);
  identity.handshake_out = static_cast<uint32_t>(client_.out);
  if (!way_) return identity;
  identity.origin = way_->address;
  identity.origin_tls = way_->tls;
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
  if (!way_) return told;
  told.origin_connect = way_->connect;
  told.retries = way_->retries;
  told.setbacks = way_->setbacks;
  return told;
}

}  // namespace gateway::edge
