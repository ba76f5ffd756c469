#include "gateway/edge/client_connection.h"

#include <array>
#include <utility>

#include "gateway/edge/handshake_log.h"
#include "gateway/edge/responses.h"
#include "gateway/net/blame.h"
#include "gateway/net/tcp_stream.h"
#include "gateway/origin/echo.h"
#include "proto/http1/head_writer.h"

namespace gateway::edge {

using outcome::Blame;
using outcome::By;
using outcome::Cause;
using proto::http1::Progress;
using session::Upgrade;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLinger{2000};                 // how long an answer may take to be read
constexpr size_t kMaxDiscarded = size_t{256} * 1024;  // what a client may send after it was refused
// What it may send before the 101 and is kept; TLS may add the record that it is in.
constexpr size_t kMaxEarly = size_t{16} * 1024;

proto::http1::HeadLimits limits_of(const config::NodeLimits& limits) {
  proto::http1::HeadLimits out;
  out.max_head = limits.max_head;
  out.max_fields = limits.max_headers;
  return out;
}

}  // namespace

ClientConnection::ClientConnection(Surroundings& surroundings, const Entrance& entrance,
                                   net::UniqueFd fd, const net::Address& peer,
                                   net::Admission::Pass pass)
    : surroundings_(surroundings),
      entrance_(entrance),
      snapshot_(surroundings.snapshot),
      pass_(std::move(pass)),
      accepted_(surroundings.loop.now()),
      parser_(limits_of(snapshot_->document.limits)) {
  identity_.client = peer;
  identity_.client_tls = entrance.tls;
  server_ = net::Address::local_of(fd.get()).value_or(peer);
  if (const auto rule = preface_rule(snapshot_->document, entrance.name, peer)) {
    preface_ = std::make_unique<ProxyPreface>(surroundings.loop, std::move(fd), *rule, *this);
  } else {
    open_stream(std::move(fd));
  }
}

void ClientConnection::open_stream(net::UniqueFd fd) {
  auto tcp = std::make_unique<net::TcpStream>(surroundings_.loop, std::move(fd));
  tcp->read_small(true);
  if (!entrance_.tls) {
    stream_ = std::move(tcp);
    return;
  }
  auto tls = std::make_unique<net::tls::TlsStream>(surroundings_.loop, std::move(tcp),
                                                   snapshot_->listener_tls->new_connection(),
                                                   net::tls::TlsStream::Role::server, nullptr);
  tls_ = tls.get();
  stream_ = std::move(tls);
}

void ClientConnection::start() {
  // Absolute: a byte now and then does not move it (slowloris).
  surroundings_.loop.wheel().set(*this, accepted_ + snapshot_->document.limits.header_timeout);
  if (preface_) {
    preface_->start();
  } else {
    stream_->start(*this);
  }
}

void ClientConnection::on_prefaced(net::UniqueFd fd, const std::optional<net::Address>& client) {
  if (client) identity_.proxy = std::make_unique<net::Address>(identity_.client);
  if (client) identity_.client = *client;
  preface_.reset();
  open_stream(std::move(fd));
  stream_->start(*this);
}

void ClientConnection::on_preface_refused(const std::string& why) {
  entrance_.counters.rejected[metrics::kProxyHeaderRejection].add(1);
  record({.status = 0, .cause = Cause::proxy_header, .why = why});
  leave();
}

void ClientConnection::on_preface_unwatched(int error) {
  record_own_fault({.code = -error, .doing = net::IoError::Doing::reading, .text = {}});
  leave();
}

// A client that is lost for what we lack must not look like one that went away.
void ClientConnection::record_own_fault(const net::IoError& error) {
  const net::OwnFault fault = net::explain_own_fault(error.code);
  record({.status = 0,
          .cause = Cause::overload,
          .why = std::string(fault.what),
          .by = By::gateway,
          .detail = std::string(fault.remedy)});
}

void ClientConnection::on_data(net::Bytes data) {
  switch (stage_) {
    case Stage::reading:
      read_head(data);
      return;
    case Stage::upgrading:
      keep_early(data);
      return;
    case Stage::answered:
      discarded_ += data.size();
      if (discarded_ > kMaxDiscarded) leave();
      return;
    case Stage::gone:
      return;
  }
}

void ClientConnection::read_head(net::Bytes data) {
  const auto fed = parser_.feed(data);
  head_size_ += fed.consumed;
  if (fed.progress == Progress::more) return;
  if (tls_ != nullptr) count_tls(entrance_.counters, *tls_);
  if (fed.progress == Progress::refused) {
    const auto& rejection = parser_.rejection();
    refuse({.status = rejection.status, .cause = Cause::bad_request, .why = rejection.why});
    return;
  }
  request_.head = parser_.take();
  keep_early(data.subspan(fed.consumed));
  decide();
}

void ClientConnection::keep_early(net::Bytes data) {
  // Grown by doubling it would take twice the cap.
  if (!early_.empty()) early_.reserve(kMaxEarly);
  early_.append(proto::text_of(data));
  if (early_.size() + net::Stream::kSmallRead > kMaxEarly) stream_->pause_reading();
}

void ClientConnection::decide() {
  const std::optional<std::string_view> server_name =
      tls_ != nullptr ? std::optional(tls_->facts().server_name) : std::nullopt;
  const auto refusal = find_domain(*snapshot_, server_name, request_);
  identity_.path = request_.target.path;
  if (refusal) {
    refuse(*refusal);
    return;
  }
  const route::Pool* pool = request_.route->pool();
  if (!proto::ws::asks_for_upgrade(request_.head)) {
    const bool reads = request_.head.method == "GET" || request_.head.method == "HEAD";
    if (pool == nullptr && reads && request_.target.path == "/") {
      const std::string page = page_response();
      answer(200, as_asked(page));
      return;
    }
    refuse({.status = 426,
            .cause = Cause::not_an_upgrade,
            .why = "this address speaks WebSocket: ask for an upgrade (RFC 6455)",
            .fields = "Upgrade: websocket\r\nConnection: Upgrade\r\n"});
    return;
  }
  if (const auto fault = judge_upgrade(surroundings_.draining, request_)) {
    refuse(*fault);
    return;
  }
  identity_.id = session::new_session_id();
  surroundings_.loop.wheel().clear(*this);
  stage_ = Stage::upgrading;
  asked_ = surroundings_.loop.now();
  if (pool == nullptr) {
    open_echo();
  } else {
    begin_upgrade(*pool);
  }
}

void ClientConnection::begin_upgrade(const route::Pool& pool) {
  upgrade_ = std::make_unique<Upgrade>(
      surroundings_.origins, Upgrade::Aim{*snapshot_, *request_.domain, pool},
      session::Asked{request_.head, request_.target, request_.upgrade, identity_.client, server_,
                     identity_.client_tls, asked_},
      *this);
  upgrade_->start();
}

void ClientConnection::open_echo() {
  Upgrade::Upgraded upgraded;
  upgraded.origin = std::make_unique<origin::Echo>(surroundings_.loop);
  // A browser that offered subprotocols fails without a choice among them.
  if (!request_.upgrade.subprotocols.empty())
    upgraded.answer.subprotocol = request_.upgrade.subprotocols.front();
  on_upgraded(std::move(upgraded));
}

void ClientConnection::on_upgraded(Upgrade::Upgraded upgraded) {
  const milliseconds took = surroundings_.loop.now() - accepted_;
  identity_.origin = upgraded.address;
  identity_.origin_tls = upgraded.tls;
  request_.domain->counters[surroundings_.sessions.worker]
      ->handshakes[metrics::status_slot(101)]
      .add(1);
  surroundings_.sessions.figures.handshake_duration.observe(metrics::kHandshakeBounds,
                                                            static_cast<uint64_t>(took.count()));
  session::HandshakeStory told = story(101);
  told.subprotocol = upgraded.answer.subprotocol ? std::string_view(*upgraded.answer.subprotocol)
                                                 : std::string_view();
  told.extensions = upgraded.answer.extensions;
  told.origin_connect = upgraded.connect;
  origin::SessionToken token(upgrade_ ? upgrade_->backend() : nullptr);
  const std::string response = switching_response(request_.upgrade, upgraded);
  meter().answer(101);
  bill(response.size());
  session::keep_opening(surroundings_.sessions.scribe, identity_, told);
  session::write_open(surroundings_.sessions.scribe, identity_, told);

  stream_->write(proto::bytes_of(response));
  stream_->read_small(false);
  stream_->resume_reading();
  auto session = std::make_unique<session::Session>(
      surroundings_.sessions,
      session::Session::Opening{.domain = snapshot_->router.share(request_.target.authority.host),
                                .route = *request_.route,
                                .streams = {std::move(stream_), std::move(upgraded.origin)},
                                .permessage_deflate = upgraded.answer.permessage_deflate,
                                .identity = std::move(identity_),
                                .pass = std::move(pass_),
                                .token = std::move(token)});
  session::Session& opened = surroundings_.sessions.table.add(std::move(session));
  if (surroundings_.on_opened) surroundings_.on_opened(opened);
  opened.start(proto::bytes_of(early_), upgraded.rest);
  leave();
}

void ClientConnection::on_refused(Upgrade::Refused refused) {
  identity_.origin = refused.address;
  identity_.origin_tls = refused.tls;
  record({.status = refused.status,
          .cause = Cause::origin_refused_upgrade,
          .why = "the origin answered " + std::to_string(refused.status) +
                 (refused.unfinished ? ", its body did not end" : ""),
          .by = By::origin},
         refused.response.size());
  answer(refused.status, refused.response);
}

void ClientConnection::on_upgrade_failed(const outcome::Failure& failure) {
  identity_.origin = upgrade_->address();
  identity_.origin_tls = upgrade_->tls();
  const By by = outcome::by_of(failure.blame);
  // A server that is to blame has it counted already.
  if (by == By::origin && !upgrade_->is_at_home()) {
    request_.domain->counters[surroundings_.sessions.worker]
        ->origin_failures[static_cast<size_t>(failure.cause)]
        .add(1);
  }
  refuse({.status = failure.status,
          .cause = failure.cause,
          .why = failure.why,
          .by = by,
          .detail = failure.detail});
}

void ClientConnection::refuse(const Refusal& refusal) {
  const std::string whole =
      proto::http1::text_response(refusal.status, refusal.why, refusal.fields);
  const std::string_view response = as_asked(whole);
  record(refusal, response.size());
  answer(refusal.status, response);
}

std::string_view ClientConnection::as_asked(std::string_view response) const {
  return parser_.is_head() ? proto::http1::without_body(response) : response;
}

void ClientConnection::answer(int status, std::string_view text) {
  if (request_.domain != nullptr) {
    request_.domain->counters[surroundings_.sessions.worker]
        ->handshakes[metrics::status_slot(status)]
        .add(1);
  } else {
    surroundings_.unmatched->handshakes[metrics::status_slot(status)].add(1);
  }
  meter().answer(status);
  bill(text.size());
  stage_ = Stage::answered;
  end_upgrade();
  stream_->resume_reading();
  stream_->write(proto::bytes_of(text));
  stream_->end();
  surroundings_.loop.wheel().set(*this, surroundings_.loop.now() + kLinger);
}

void ClientConnection::record(const Refusal& refusal, size_t answered) {
  identity_.handshake_in = static_cast<uint32_t>(head_size_);
  identity_.handshake_out = static_cast<uint32_t>(answered);
  // Whoever is refused before there could be a session is found in the log by this all the same.
  if (identity_.id == session::SessionId{}) identity_.id = session::new_session_id();
  meter().refuse(refusal.cause);
  session::write_refused(surroundings_.sessions.scribe, identity_, story(refusal.status),
                         {.by = refusal.by,
                          .cause = refusal.cause,
                          .stage = upgrade_ && upgrade_->was_asked() ? outcome::Stage::upgrading
                                                                     : outcome::Stage::connecting,
                          .error = refusal.why,
                          .detail = refusal.detail});
}

usage::meter::Meter& ClientConnection::meter() const {
  return request_.domain != nullptr ? *request_.domain->meters[surroundings_.sessions.worker]
                                    : *surroundings_.unmatched_meter;
}

void ClientConnection::bill(size_t answered) {
  billed_ = true;
  identity_.handshake_in = static_cast<uint32_t>(head_size_);
  identity_.handshake_out = static_cast<uint32_t>(answered);
  bill_handshake(meter(), request_, head_size_, answered);
}

void ClientConnection::end_upgrade() {
  if (!upgrade_) return;
  meter().add(usage::Field::origin_handshake_in, upgrade_->moved().in);
  meter().add(usage::Field::origin_handshake_out, upgrade_->moved().out);
  upgrade_.reset();
}

session::HandshakeStory ClientConnection::story(int status) const {
  session::HandshakeStory told = story_of(request_, tls_);
  told.status = status;
  told.generation = snapshot_->generation;
  told.handshake = surroundings_.loop.now() - accepted_;
  told.server = server_;
  if (upgrade_) {
    told.retries = upgrade_->retries();
    told.setbacks = upgrade_->setbacks();
  }
  told.listener = entrance_.name;
  return told;
}

void ClientConnection::on_end() {
  if (stage_ == Stage::upgrading) {
    record({.status = 499,
            .cause = Cause::client_abort,
            .why = "the client left before the origin had answered"});
  }
  // A client may shut its side and still read: the linger ends it, not a reset in mid-answer.
  if (stage_ == Stage::answered && stream_->congested()) return;
  leave();
}

void ClientConnection::on_failed(const net::IoError& error) {
  if (stage_ == Stage::reading && net::blame_of(error, Blame::client) != Blame::client) {
    record_own_fault(error);
    leave();
    return;
  }
  if (tls_ != nullptr && error.doing == net::IoError::Doing::tls_handshake &&
      stage_ == Stage::reading && !tls_->peer_was_silent()) {
    entrance_.counters.tls_failed.add(1);
    if (tls_->peer_spoke_plain()) {
      // Of a request that is not read this is all that its answer depends on.
      if (tls_->plain_peer_asked_head()) parser_.feed(proto::bytes_of("HEAD "));
      std::unique_ptr<net::Stream> plain = tls_->take_transport();
      tls_ = nullptr;
      stream_ = std::move(plain);
      stream_->start(*this);
      refuse({.status = 400,
              .cause = Cause::bad_request,
              .why = "this port speaks TLS: use wss:// or https://"});
      return;
    }
    record({.status = 0, .cause = Cause::bad_request, .why = "no TLS handshake: " + error.text});
  } else if (stage_ == Stage::upgrading) {
    on_end();
    return;
  }
  leave();
}

void ClientConnection::on_deadline(milliseconds) {
  if (preface_ && preface_->rule() == ProxyPreface::Rule::required) {
    on_preface_refused("no PROXY header came within header_timeout");
    return;
  }
  if (preface_) preface_->give_up_waiting();
  if (stage_ == Stage::answered) {
    leave();
  } else if (tls_ != nullptr && !tls_->facts().handshake_done) {
    entrance_.counters.tls_failed.add(1);
    record({.status = 0,
            .cause = Cause::request_timeout,
            .why = "the TLS handshake did not end within header_timeout"});
    leave();
  } else if (surroundings_.draining) {
    refuse(refused_by_drain());
  } else {
    refuse({.status = 408,
            .cause = Cause::request_timeout,
            .why = "the request head was not complete within header_timeout"});
  }
}

bool ClientConnection::has_spoken() const {
  if (preface_) return preface_->has_begun();
  return parser_.started() || stream_->has_unread();
}

void ClientConnection::turn_away() {
  if (stage_ != Stage::reading || has_spoken()) return;
  if (preface_) {
    leave();
    return;
  }
  // A request that is under way all the same must not meet a reset: it is read, if not answered.
  stage_ = Stage::answered;
  stream_->end();
  surroundings_.loop.wheel().set(*this, surroundings_.loop.now() + kLinger);
}

void ClientConnection::abort() {
  const bool reading = stage_ == Stage::reading && !preface_ && parser_.started();
  if (reading || stage_ == Stage::upgrading) refuse(refused_by_drain());
  leave();
}

void ClientConnection::leave() {
  if (stage_ == Stage::gone) return;
  if (!billed_) bill(0);
  stage_ = Stage::gone;
  end_upgrade();
  preface_.reset();
  stream_.reset();
  surroundings_.loop.wheel().clear(*this);
  surroundings_.clients.retire(*this);
}

}  // namespace gateway::edge
