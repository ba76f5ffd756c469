#include "gateway/cli/doctor/look.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "gateway/origin/destination.h"
#include "gateway/origin/port_candidates.h"
#include "proto/http1/head_parser.h"
#include "proto/http1/head_writer.h"

namespace gateway::cli::doctor {

namespace {

constexpr std::string_view kTheOrigin = "the origin ";
constexpr std::string_view kConnections = " connections";  // that it refuses

Request parsed(const std::string& text, bool tls) {
  proto::http1::RequestParser parser({});
  [[maybe_unused]] const auto fed = parser.feed(proto::bytes_of(text));
  assert(fed.progress == proto::http1::Progress::complete);
  Request request{.head = parser.take(), .target = {}, .upgrade = {}, .tls = tls};
  request.target = *proto::http1::request_target(request.head);
  return request;
}

std::string first_lines(const std::string& target, const std::string& host) {
  std::string text;
  proto::http1::append_request_line(text, "GET", target);
  proto::http1::append_field(text, "Host", host);
  proto::http1::append_field(text, "User-Agent", "weir-doctor");
  return text;
}

}  // namespace

Request Request::page_at(const std::string& target, const std::string& host, bool tls) {
  std::string text = first_lines(target, host);
  proto::http1::append_field(text, "Accept", "*/*");
  proto::http1::append_end(text);
  return parsed(text, tls);
}

Request Request::upgrade_to(const std::string& target, const std::string& host, bool tls) {
  std::string text = first_lines(target, host);
  proto::http1::append_field(text, "Upgrade", "websocket");
  proto::http1::append_field(text, "Connection", "Upgrade");
  proto::http1::append_field(text, "Sec-WebSocket-Key", proto::ws::random_key());
  proto::http1::append_field(text, "Sec-WebSocket-Version", "13");
  proto::http1::append_end(text);
  Request request = parsed(text, tls);
  request.upgrade = *proto::ws::judge_request(request.head);
  return request;
}

origin::Asked Request::asked() const {
  const net::Address here = *net::Address::parse("127.0.0.1", 0);
  return {.head = head, .target = target, .client = here, .server = here, .client_tls = tls};
}

std::shared_ptr<const route::Pool> pool_of_one(const route::Pool& pool,
                                               const route::Server& server) {
  auto settings = std::make_shared<config::Origin>(pool.settings());
  settings->establish_timeout = std::min(settings->establish_timeout, Patience::kStep);
  settings->retries.attempts = 0;
  settings->warm = 0;
  settings->reuse.mode = config::Reuse::Mode::off;
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

std::string Look::fault() const { return done_ ? fault_ : name() + ": " + kNoAnswer; }

std::string Look::name() const {
  return server_name(pool(), pool().servers.front(), lent_.request.tls);
}

void Look::hear(int status, std::string fault) {
  if (done_) return;
  done_ = true;
  status_ = status;
  fault_ = std::move(fault);
  lent_.patience.wake();
}

void Look::miss(const outcome::Failure& failure) {
  std::string_view why = failure.why;
  if (why.ends_with(kConnections)) why.remove_suffix(kConnections.size());
  hear(0, why.starts_with(kTheOrigin) ? name() + " " + std::string(why.substr(kTheOrigin.size()))
                                      : name() + ": " + std::string(why));
}

}  // namespace gateway::cli::doctor
