#include "gateway/edge/outcome.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "proto/base/text.h"

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

// The views hold as long as the request. In one pass: a head has more fields than are told.
void tell_head(session::HandshakeStory& told, const proto::http1::RequestHead& head) {
  using Story = session::HandshakeStory;
  struct Told {
    std::string_view name;
    std::string_view Story::*where;
  };
  constexpr std::array<Told, 7> kTold{{{"Host", &Story::host},
                                       {"User-Agent", &Story::user_agent},
                                       {"Origin", &Story::origin_header},
                                       {"Referer", &Story::referer},
                                       {"X-Forwarded-For", &Story::forwarded_for},
                                       {"traceparent", &Story::traceparent},
                                       {"Via", &Story::via}}};
  told.method = head.method;
  told.http_version = head.minor_version == 1 ? "1.1" : "1.0";
  for (const proto::http1::Field& field : head.fields.all()) {
    for (const Told& one : kTold) {
      if (one.name.size() != field.name.size()) continue;
      if (!proto::equals_ignoring_case(one.name, field.name)) continue;
      if ((told.*one.where).empty()) told.*one.where = field.value;
    }
  }
}

// What is new; `counted` never goes back.
net::Volume advance(net::Volume& counted, const net::Volume& totals) {
  const net::Volume before = counted;
  counted = {.in = std::max(totals.in, before.in), .out = std::max(totals.out, before.out)};
  return {.in = counted.in - before.in, .out = counted.out - before.out};
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

void Outcome::answered(int status, size_t heads, size_t body) {
  look_at_trail();
  count_answer(status);
  if (refusal_) count_refusal();
  heads_ = heads;
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
  identity_ = std::make_unique<session::Identity>(identify());
  session::keep_opening(context_.sessions.scribe, *identity_, told);
  session::write_open(context_.sessions.scribe, *identity_, told);
}

void Outcome::over() {
  if (told_) return;
  told_ = true;
  look_at_trail();
  moved_client({.in = request_.head_size, .out = 0});
  const bool plain = is_plain() && (is_request() || exchange_);
  if (plain) {
    tell_plain();
  } else if (refusal_) {
    count_refusal();
    tell_refusal();
  }
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
  const net::Volume more = advance(client_, totals);
  if (is_plain()) {
    meter().add_http(Field::client_http_in, more.in);
    meter().add_http(Field::client_http_out, more.out);
  } else {
    meter().add(Field::client_handshake_in, more.in);
    meter().add(Field::client_handshake_out, more.out);
  }
}

void Outcome::moved_origin(const net::Volume& totals, const route::Backend* server) {
  const net::Volume more = advance(origin_, totals);
  if (!is_plain()) {
    meter().add(Field::origin_handshake_in, more.in);
    meter().add(Field::origin_handshake_out, more.out);
    return;
  }
  meter().add_http(Field::origin_http_in, more.in);
  meter().add_http(Field::origin_http_out, more.out);
  if (server != server_) {
    server_ = server;
    metrics::Origin* counters =
        request_.route->pool()->counters_of(server, context_.sessions.worker);
    traffic_ = counters != nullptr ? &counters->http : nullptr;
  }
  if (traffic_ == nullptr) return;
  traffic_->bytes_in.add(more.in);
  traffic_->bytes_out.add(more.out);
}

Outcome::Way Outcome::way_of(const origin::Trail& trail) {
  return {.address = trail.address,
          .tls = trail.tls,
          .was_asked = trail.was_asked,
          .reused = trail.reused,
          .sticky = trail.sticky,
          .connect = trail.connect,
          .retries = trail.retries,
          .setbacks = trail.setbacks};
}

// Once: it may be gone soon.
void Outcome::look_at_trail() {
  traveller_ = nullptr;
  if (trail_ == nullptr || way_) return;
  moved_origin(trail_->moved, server_);
  way_ = way_of(*trail_);
  count_way();
  trail_ = nullptr;
}

void Outcome::count_way() {
  if (way_->sticky != outcome::Sticky::none)
    counters().requests.make().sticky[static_cast<size_t>(way_->sticky)].add(1);
  for (size_t why = 0; why < trail_->retried.size(); ++why) {
    if (const uint16_t number = trail_->retried[why]; number > 0)
      counters().requests.make().retries[why].add(number);
  }
}

void Outcome::count_answer(int status) {
  assert(status_ == 0);
  status_ = status;
  if (is_plain()) {
    meter().answer_http(status);
  } else {
    meter().answer(status);
  }
}

void Outcome::count_refusal() {
  count_at(refusal_->gate, request_.client.entrance.counters);
  if (!is_plain() || !is_request()) meter().refuse(refusal_->cause);
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
  identity.id = id_;
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
  told.sticky = way_->sticky;
  return told;
}

}  // namespace gateway::edge
