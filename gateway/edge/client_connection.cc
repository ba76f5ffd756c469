#include "gateway/edge/client_connection.h"

#include <array>
#include <utility>

#include "gateway/edge/page.h"
#include "gateway/net/tcp_stream.h"
#include "gateway/origin/echo.h"
#include "proto/base/text.h"
#include "proto/http1/forwarding.h"
#include "proto/http1/head_writer.h"

namespace gateway::edge {

using log::By;
using log::Cause;
using proto::http1::Progress;
using session::Upgrade;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLinger{2000};                 // how long an answer may take to be read
constexpr size_t kMaxDiscarded = size_t{256} * 1024;  // what a client may send after it was refused
constexpr size_t kMaxEarly =
    size_t{16} * 1024;  // what it may send before the 101, until reading stops

proto::http1::HeadLimits limits_of(const config::NodeLimits& limits) {
  proto::http1::HeadLimits out;
  out.max_head = limits.max_head;
  out.max_fields = limits.max_headers;
  return out;
}

// RFC 6454: scheme "://" host [ ":" port ]; only the host part matters for same_host.
std::string_view host_of_origin(std::string_view origin) {
  const size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
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
  // A system call that only the log needs.
  if (surroundings.sessions.scribe.access != nullptr)
    server_ = net::Address::local_of(fd.get()).value_or(peer);
  auto tcp = std::make_unique<net::TcpStream>(surroundings.loop, std::move(fd));
  if (!entrance.tls) {
    stream_ = std::move(tcp);
    return;
  }
  auto tls = std::make_unique<net::TlsStream>(surroundings.loop, std::move(tcp),
                                              snapshot_->listener_tls->new_connection(),
                                              net::TlsStream::Role::server, nullptr);
  tls_ = tls.get();
  stream_ = std::move(tls);
}

void ClientConnection::start() {
  // Absolute: a byte now and then does not move it (slowloris).
  surroundings_.loop.wheel().set(*this, accepted_ + snapshot_->document.limits.header_timeout);
  stream_->start(*this);
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
  if (fed.progress == Progress::more) return;
  count_tls();
  if (fed.progress == Progress::refused) {
    const auto& rejection = parser_.rejection();
    refuse({.status = rejection.status, .cause = Cause::bad_request, .why = rejection.why});
    return;
  }
  head_ = parser_.take();
  early_.assign(proto::text_of(data.subspan(fed.consumed)));
  decide();
}

void ClientConnection::keep_early(net::Bytes data) {
  early_.append(proto::text_of(data));
  if (early_.size() >= kMaxEarly) stream_->pause_reading();
}

void ClientConnection::decide() {
  if (const auto refusal = find_domain()) {
    refuse(*refusal);
    return;
  }
  const config::Origin& origin = domain_->config->origin;
  if (!proto::ws::asks_for_upgrade(head_)) {
    if (origin.builtin == config::Origin::Builtin::echo && head_.method == "GET" &&
        target_.path == "/") {
      show_page();
      return;
    }
    refuse({.status = 426,
            .cause = Cause::not_an_upgrade,
            .why = "this address speaks WebSocket: ask for an upgrade (RFC 6455)",
            .fields = "Upgrade: websocket\r\nConnection: Upgrade\r\n"});
    return;
  }
  if (const auto refusal = judge_upgrade()) {
    refuse(*refusal);
    return;
  }
  identity_.id = session::new_session_id();
  surroundings_.loop.wheel().clear(*this);
  stage_ = Stage::upgrading;
  asked_ = surroundings_.loop.now();
  if (origin.builtin == config::Origin::Builtin::echo) {
    open_echo();
  } else {
    begin_upgrade();
  }
}

std::optional<ClientConnection::Refusal> ClientConnection::find_domain() {
  auto target = proto::http1::request_target(head_);
  if (!target) {
    return Refusal{
        .status = target.error().status, .cause = Cause::bad_request, .why = target.error().why};
  }
  target_ = std::move(*target);
  identity_.path = target_.path;
  const route::Domain* named = snapshot_->router.find(target_.authority.host);
  if (tls_ != nullptr) {
    // The certificate that was shown must be that of the domain that is spoken to (hardening T7).
    const std::string_view sni = tls_->facts().server_name;
    const route::Domain* shown =
        sni.empty() ? snapshot_->default_tls : snapshot_->router.find(proto::to_lower(sni));
    if (named == nullptr || named != shown) {
      return Refusal{.status = 421,
                     .cause = Cause::misdirected,
                     .why = "Host does not belong to the name of this TLS connection"};
    }
  }
  if (named == nullptr) {
    return Refusal{
        .status = 404, .cause = Cause::no_route, .why = "no domain is configured for this Host"};
  }
  domain_ = named;
  if (proto::http1::is_loop(head_.fields, snapshot_->via)) {
    return Refusal{
        .status = 508,
        .cause = Cause::loop,
        .why = "the request has come through this gateway before: the origin points back here"};
  }
  return std::nullopt;
}

std::optional<ClientConnection::Refusal> ClientConnection::judge_upgrade() {
  auto request = proto::ws::judge_request(head_);
  if (!request) {
    const bool version = request.error().status == 426;
    return Refusal{
        .status = request.error().status,
        .cause = Cause::bad_request,
        .why = request.error().why,
        .fields = version
                      ? "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      : ""};
  }
  request_ = std::move(*request);
  if (!domain_->config->websocket.enabled) {
    return Refusal{.status = 403,
                   .cause = Cause::websocket_disabled,
                   .why = "WebSocket is not enabled for this domain",
                   .by = By::gateway};
  }
  if (!origin_allowed()) {
    return Refusal{.status = 403,
                   .cause = Cause::origin_not_allowed,
                   .why = "this Origin may not open WebSockets here",
                   .by = By::gateway};
  }
  if (surroundings_.draining) {
    return Refusal{.status = 503,
                   .cause = Cause::drain,
                   .why = "this node is being drained",
                   .by = By::gateway};
  }
  return std::nullopt;
}

// Cross-site WebSocket hijacking (CWE-1385): whole values are compared, never parts.
bool ClientConnection::origin_allowed() const {
  const config::Access& access = domain_->config->access;
  if (access.origins == config::Access::Origins::any || head_.fields.count("Origin") == 0)
    return true;
  if (head_.fields.count("Origin") > 1) return false;
  const std::string_view origin = *head_.fields.first("Origin");
  if (access.origins == config::Access::Origins::same_host) {
    const auto authority = proto::http1::parse_authority(host_of_origin(origin));
    return authority && authority->host == target_.authority.host;
  }
  for (const std::string& allowed : access.listed) {
    if (proto::equals_ignoring_case(allowed, origin)) return true;
  }
  return false;
}

void ClientConnection::begin_upgrade() {
  const size_t count = domain_->servers.size();
  if (tried_ == 0) first_server_ = surroundings_.turn++ % count;
  const route::Server& server = domain_->servers[(first_server_ + tried_++) % count];
  upgrade_ = std::make_unique<Upgrade>(
      surroundings_.loop, surroundings_.resolver, *snapshot_, *domain_, server,
      Upgrade::Asked{head_, target_, request_, identity_.client, identity_.client_tls, asked_},
      *this);
}

void ClientConnection::open_echo() {
  Upgrade::Upgraded upgraded;
  upgraded.origin = std::make_unique<origin::Echo>(surroundings_.loop);
  // A browser that offered subprotocols fails without a choice among them.
  if (!request_.subprotocols.empty()) upgraded.answer.subprotocol = request_.subprotocols.front();
  on_upgraded(std::move(upgraded));
}

void ClientConnection::show_page() {
  std::string text;
  proto::http1::append_status_line(text, 200);
  proto::http1::append_field(text, "Content-Type", "text/html; charset=utf-8");
  proto::http1::append_field(
      text, "Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
      "connect-src 'self' ws: wss:; img-src data:");
  proto::http1::append_field(text, "Cache-Control", "no-store");
  proto::http1::append_field(text, "Content-Length", std::to_string(echo_page().size()));
  proto::http1::append_field(text, "Connection", "close");
  proto::http1::append_end(text);
  text += echo_page();
  answer(200, text);
}

std::string ClientConnection::switching_text(const Upgrade::Upgraded& upgraded) const {
  std::string text;
  text.reserve(384);
  proto::http1::append_status_line(text, 101);
  proto::http1::append_field(text, "Upgrade", "websocket");
  proto::http1::append_field(text, "Connection", "Upgrade");
  proto::http1::append_field(text, "Sec-WebSocket-Accept", proto::ws::accept_for(request_.key));
  if (upgraded.answer.subprotocol) {
    proto::http1::append_field(text, "Sec-WebSocket-Protocol", *upgraded.answer.subprotocol);
  }
  if (!upgraded.answer.extensions.empty()) {
    proto::http1::append_field(text, "Sec-WebSocket-Extensions", upgraded.answer.extensions);
  }
  text += upgraded.fields;
  proto::http1::append_end(text);
  return text;
}

void ClientConnection::on_upgraded(Upgrade::Upgraded upgraded) {
  const milliseconds took = surroundings_.loop.now() - accepted_;
  identity_.origin = upgraded.address;
  identity_.origin_tls = upgraded.tls;
  domain_->counters[surroundings_.sessions.worker]->handshakes[metrics::status_slot(101)].add(1);
  surroundings_.sessions.figures.handshake_duration.observe(metrics::kHandshakeBounds,
                                                            static_cast<uint64_t>(took.count()));
  session::HandshakeStory told = story(101);
  told.subprotocol = upgraded.answer.subprotocol ? std::string_view(*upgraded.answer.subprotocol)
                                                 : std::string_view();
  told.extensions = upgraded.answer.extensions;
  told.origin_connect = upgraded.connect;
  session::write_open(surroundings_.sessions.scribe, identity_, told);

  stream_->write(proto::bytes_of(switching_text(upgraded)));
  stream_->resume_reading();
  auto session = std::make_unique<session::Session>(
      surroundings_.sessions,
      session::Session::Opening{.snapshot = std::move(snapshot_),
                                .domain = *domain_,
                                .streams = {std::move(stream_), std::move(upgraded.origin)},
                                .permessage_deflate = upgraded.answer.permessage_deflate,
                                .identity = std::move(identity_),
                                .pass = std::move(pass_)});
  session::Session& opened = surroundings_.sessions.table.add(std::move(session));
  opened.start(proto::bytes_of(early_), upgraded.rest);
  leave();
}

void ClientConnection::on_refused(Upgrade::Refused refused) {
  identity_.origin = refused.address;
  identity_.origin_tls = refused.tls;
  record({.status = refused.status,
          .cause = Cause::origin_refused_upgrade,
          .why = "the origin answered " + std::to_string(refused.status),
          .by = By::origin});
  answer(refused.status, refused.response);
}

void ClientConnection::on_upgrade_failed(const origin::Failure& failure) {
  identity_.origin = upgrade_ ? upgrade_->address() : net::Address();
  domain_->counters[surroundings_.sessions.worker]
      ->origin_failures[static_cast<size_t>(failure.cause)]
      .add(1);
  // Another server may do, as long as this one was asked nothing.
  const bool in_time =
      surroundings_.loop.now() < asked_ + domain_->config->origin.establish_timeout;
  if (failure.nothing_asked && in_time && tried_ < domain_->servers.size()) {
    begin_upgrade();
    return;
  }
  refuse({.status = failure.status,
          .cause = failure.cause,
          .why = failure.why,
          .by = By::origin,
          .detail = failure.detail});
}

void ClientConnection::refuse(const Refusal& refusal) {
  record(refusal);
  answer(refusal.status, proto::http1::text_response(refusal.status, refusal.why, refusal.fields));
}

void ClientConnection::answer(int status, std::string_view text) {
  if (domain_ != nullptr) {
    domain_->counters[surroundings_.sessions.worker]->handshakes[metrics::status_slot(status)].add(
        1);
  } else {
    surroundings_.unmatched->handshakes[metrics::status_slot(status)].add(1);
  }
  stage_ = Stage::answered;
  upgrade_.reset();
  stream_->resume_reading();
  stream_->write(proto::bytes_of(text));
  stream_->end();
  surroundings_.loop.wheel().set(*this, surroundings_.loop.now() + kLinger);
}

void ClientConnection::record(const Refusal& refusal) {
  // Whoever is refused before there could be a session is found in the log by this all the same.
  if (identity_.id == session::SessionId{}) identity_.id = session::new_session_id();
  session::write_refused(
      surroundings_.sessions.scribe, identity_, story(refusal.status),
      {.by = refusal.by, .cause = refusal.cause, .error = refusal.why, .detail = refusal.detail});
}

session::HandshakeStory ClientConnection::story(int status) const {
  session::HandshakeStory told;
  told.domain = domain_ != nullptr ? std::string_view(domain_->label) : std::string_view();
  told.method = head_.method;
  if (head_.text) {
    told.host = head_.fields.first("Host").value_or("");
    told.user_agent = head_.fields.first("User-Agent").value_or("");
    told.origin_header = head_.fields.first("Origin").value_or("");
    told.http_version = head_.minor_version == 1 ? "1.1" : "1.0";
  }
  if (tls_ != nullptr) {
    const net::TlsFacts facts = tls_->facts();
    told.tls_version = facts.version_name;
    told.tls_cipher = facts.cipher;
    told.sni = facts.server_name;
    told.tls_resumed = facts.resumed;
  }
  told.status = status;
  told.generation = snapshot_->generation;
  told.handshake = surroundings_.loop.now() - accepted_;
  told.server = server_;
  told.listener = entrance_.name;
  return told;
}

void ClientConnection::count_tls() {
  if (tls_ == nullptr) return;
  const net::TlsFacts facts = tls_->facts();
  const size_t version = facts.version == net::TlsVersion::tls1_3 ? 1 : 0;
  entrance_.counters.tls[version][facts.resumed ? 1 : 0].add(1);
}

void ClientConnection::on_end() {
  if (stage_ == Stage::upgrading) {
    record({.status = 499,
            .cause = Cause::client_abort,
            .why = "the client left before the origin had answered"});
  }
  leave();
}

void ClientConnection::on_failed(const net::IoError& error) {
  if (tls_ != nullptr && error.doing == net::IoError::Doing::tls_handshake) {
    entrance_.counters.tls_failed.add(1);
    if (tls_->peer_spoke_plain()) {
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
  if (stage_ == Stage::answered) {
    leave();
  } else if (tls_ != nullptr && !tls_->facts().handshake_done) {
    entrance_.counters.tls_failed.add(1);
    record({.status = 0,
            .cause = Cause::request_timeout,
            .why = "the TLS handshake did not end within header_timeout"});
    leave();
  } else {
    refuse({.status = 408,
            .cause = Cause::request_timeout,
            .why = "the request head was not complete within header_timeout"});
  }
}

void ClientConnection::close_if_silent() {
  if (stage_ == Stage::reading && !parser_.started()) leave();
}

void ClientConnection::leave() {
  if (stage_ == Stage::gone) return;
  stage_ = Stage::gone;
  upgrade_.reset();
  stream_.reset();
  surroundings_.loop.wheel().clear(*this);
  surroundings_.clients.retire(*this);
}

}  // namespace gateway::edge
