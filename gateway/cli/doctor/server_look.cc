#include "gateway/cli/doctor/server_look.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "gateway/origin/destination.h"
#include "gateway/origin/port_candidates.h"
#include "proto/http1/head_parser.h"
#include "proto/http1/head_writer.h"
#include "proto/ws/frame_writer.h"

namespace gateway::cli::doctor {

namespace {

constexpr std::string_view kTheOrigin = "the origin ";
constexpr std::string_view kConnections = " connections";  // that it refuses

origin::Asked asked(const Request& request) {
  const net::Address here = *net::Address::parse("127.0.0.1", 0);
  return {.head = request.head,
          .target = request.target,
          .client = here,
          .server = here,
          .client_tls = request.tls};
}

// Masked (RFC 6455 §5.1) with zeros, which unmask to the same.
std::string close_frame() {
  return proto::ws::close_frame(proto::ws::CloseCode::normal, {}, proto::ws::MaskingKey{});
}

}  // namespace

Request Request::upgrade_to(const std::string& target, const std::string& host, bool tls) {
  std::string text;
  proto::http1::append_request_line(text, "GET", target);
  proto::http1::append_field(text, "Host", host);
  proto::http1::append_field(text, "User-Agent", "weir-doctor");
  proto::http1::append_field(text, "Upgrade", "websocket");
  proto::http1::append_field(text, "Connection", "Upgrade");
  proto::http1::append_field(text, "Sec-WebSocket-Key", proto::ws::random_key());
  proto::http1::append_field(text, "Sec-WebSocket-Version", "13");
  proto::http1::append_end(text);
  proto::http1::RequestParser parser({});
  [[maybe_unused]] const auto fed = parser.feed(proto::bytes_of(text));
  assert(fed.progress == proto::http1::Progress::complete);
  Request request{.head = parser.take(), .target = {}, .upgrade = {}, .tls = tls};
  request.target = *proto::http1::request_target(request.head);
  request.upgrade = *proto::ws::judge_request(request.head);
  return request;
}

std::shared_ptr<const route::Pool> pool_of_one(const route::Pool& pool,
                                               const route::Server& server) {
  auto settings = std::make_shared<config::Origin>(pool.settings());
  settings->establish_timeout = std::min(settings->establish_timeout, Patience::kStep);
  settings->retries.attempts = 0;
  settings->warm = 0;
  settings->sticky.reset();
  auto alone = std::make_shared<route::Pool>(pool);
  alone->config = std::move(settings);
  alone->servers = {server};
  // A server that is drained is looked at as well.
  alone->servers.front().weight = std::max(server.weight, 1U);
  return alone;
}

std::string server_name(const route::Pool& pool, const route::Server& server, bool tls) {
  const config::Origin& settings = pool.settings();
  origin::Target target = origin::choose_target(settings, server, tls);
  target.port = origin::port_candidates(settings, server, target).front();
  return origin::authority_of(server.host, target.port);
}

ServerLook::ServerLook(const Lent& lent)
    : lent_(lent),
      question_({.request = asked(lent.request),
                 .upgrade = lent.request.upgrade,
                 .origin = lent.pool.settings(),
                 .via = lent.via},
                lent.worker.loop.now(), *this),
      journey_(std::make_unique<origin::Journey>(
          lent.worker, origin::Journey::Aim{.domain = lent.domain, .pool = lent.pool}, question_)) {
  journey_->start();
}

std::string ServerLook::fault() const { return fault_ ? *fault_ : name() + ": " + kNoAnswer; }

std::string ServerLook::name() const {
  return server_name(lent_.pool, lent_.pool.servers.front(), lent_.request.tls);
}

void ServerLook::on_upgraded(session::WsQuestion::Upgraded upgraded) {
  upgraded.origin->write(proto::bytes_of(close_frame()));
  upgraded.origin->finish();
  end({});
}

void ServerLook::on_refused(session::WsQuestion::Refused refused) {
  end(name() + ": the origin answered " + std::to_string(refused.status) + " to the upgrade");
}

void ServerLook::on_upgrade_failed(outcome::Failure failure) {
  std::string_view why = failure.why;
  if (why.ends_with(kConnections)) why.remove_suffix(kConnections.size());
  end(why.starts_with(kTheOrigin) ? name() + " " + std::string(why.substr(kTheOrigin.size()))
                                  : name() + ": " + std::string(why));
}

// The journey ends with the look, not from inside its last call.
void ServerLook::end(std::string fault) {
  fault_ = std::move(fault);
  lent_.patience.wake();
}

}  // namespace gateway::cli::doctor
