#include "gateway/session/attempt.h"

#include <utility>

#include "gateway/net/blame.h"
#include "gateway/origin/answer_limits.h"
#include "proto/base/text.h"
#include "proto/http1/forwarding.h"
#include "proto/http1/head_writer.h"

namespace gateway::session {

using outcome::Blame;
using outcome::Cause;
using outcome::Retry;
using proto::http1::Progress;
using std::chrono::milliseconds;

namespace {

// What we write ourselves in the request to the origin.
const std::vector<std::string_view>& own_fields() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names(proto::http1::kForwardedFields.begin(),
                                        proto::http1::kForwardedFields.end());
    names.insert(names.end(), {"Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version",
                               "Sec-WebSocket-Extensions", "Content-Length", "Expect"});
    return names;
  }();
  return kNames;
}

std::vector<proto::ws::Extension> forwarded_offers(std::string_view text) {
  auto parsed = proto::ws::parse_extensions(text);
  return parsed ? std::move(*parsed) : std::vector<proto::ws::Extension>{};
}

proto::proxy_header::Address end_of(const net::Address& address) {
  const std::string host = address.host();
  auto end = address.family() == AF_INET6 ? proto::proxy_header::parse_ipv6(host)
                                          : proto::proxy_header::parse_ipv4(host);
  if (!end) return {};
  end->port = address.port();
  return *end;
}

std::optional<proto::proxy_header::Addresses> client_ends(const Asked& asked,
                                                          const config::Origin& settings) {
  if (settings.proxy_protocol == config::Origin::ProxyProtocol::off) return std::nullopt;
  if (asked.client.family() == AF_UNSPEC || asked.server.family() == AF_UNSPEC) return std::nullopt;
  return proto::proxy_header::Addresses{end_of(asked.client), end_of(asked.server)};
}

}  // namespace

Attempt::Attempt(const OriginSide& side, const route::Snapshot& snapshot, const Asked& asked,
                 Plan plan, Handler& handler)
    : loop_(side.loop),
      snapshot_(snapshot),
      settings_(plan.pool.settings()),
      asked_(asked),
      plan_(std::move(plan)),
      handler_(handler),
      key_(proto::ws::random_key()),
      offers_text_(proto::ws::offers_to_forward(asked.request.extensions)),
      began_(side.loop.now()),
      parser_(origin::answer_limits(settings_)) {
  if (!offers_text_.empty()) offers_ = forwarded_offers(offers_text_);
  loop_.wheel().set(*this, asked_.began + settings_.establish_timeout);
  // origin.sni is the domain's own origin: whoever a redirect leads to goes by the name that it
  // names.
  const bool fixed = settings_.sni && !plan_.foreign;
  origin::Connector::Plan way{.pool = plan_.pool,
                              .server = plan_.server,
                              .target = plan_.target,
                              .tls_name = fixed ? *settings_.sni : origin::bare_host(plan_.host),
                              .client = client_ends(asked_, settings_),
                              .tried = plan_.tried,
                              .most_retries = plan_.most_retries,
                              .ways = side.ways,
                              .fresh = plan_.fresh,
                              .foreign = plan_.foreign};
  connector_ = std::make_unique<origin::Connector>(loop_, side.resolver, std::move(way), *this);
}

void Attempt::on_connect_failed(outcome::Failure failure) {
  handler_.on_attempt_failed(std::move(failure));
}

void Attempt::on_connected(std::unique_ptr<net::Stream> stream, net::Address address) {
  address_ = address;
  connected_ = loop_.now();
  stream_ = std::move(stream);
  keep_from_connector();
  stream_->start(*this);
  const std::string request = request_text();
  moved_.out = request.size();
  stream_->write(proto::bytes_of(request));
  loop_.wheel().set(*this, answer_due());
}

milliseconds Attempt::answer_due() const {
  return std::min(asked_.began + settings_.establish_timeout,
                  connected_ + settings_.request_timeout);
}

void Attempt::keep_from_connector() {
  connected_once_ = true;
  warm_ = connector_->warm();
  others_ = connector_->has_others();
  setbacks_ = connector_->setbacks();
  retries_ = connector_->retries();
  plan_.tried = connector_->tried();
  plan_.target = connector_->target();
  connector_.reset();
  if (plan_.host_is_server)
    plan_.host = origin::host_header(settings_, plan_.server, plan_.target, {});
}

// Credentials go to the host that they were given for, and ours are sent alone.
bool Attempt::is_kept_back(std::string_view field) const {
  const bool authorization = proto::equals_ignoring_case(field, "Authorization");
  if (plan_.foreign) return authorization || proto::equals_ignoring_case(field, "Cookie");
  return authorization && settings_.auth.has_value();
}

std::string Attempt::request_text() const {
  std::string text;
  text.reserve(asked_.head.text->size() + 512);
  proto::http1::append_request_line(text, "GET", plan_.path_and_query);
  proto::http1::append_field(text, "Host", plan_.host);
  proto::http1::append_field(text, "Upgrade", "websocket");
  proto::http1::append_field(text, "Connection", "Upgrade");
  proto::http1::append_field(text, "Sec-WebSocket-Key", key_);
  proto::http1::append_field(text, "Sec-WebSocket-Version", "13");
  if (!offers_text_.empty())
    proto::http1::append_field(text, "Sec-WebSocket-Extensions", offers_text_);
  for (const auto& field : proto::http1::end_to_end_fields(asked_.head.fields, own_fields())) {
    if (is_kept_back(field.name)) continue;
    proto::http1::append_field(text, field.name, field.value);
  }
  if (plan_.authorization) proto::http1::append_field(text, "Authorization", *plan_.authorization);
  const std::string client = asked_.client.host();
  proto::http1::append_hop(text, asked_.head.fields,
                           {.client_address = client,
                            .scheme = asked_.client_tls ? "https" : "http",
                            .host = {},
                            .via = snapshot_.via});
  proto::http1::append_end(text);
  return text;
}

void Attempt::on_data(net::Bytes data) {
  moved_.in += data.size();
  if (body_) {
    read_body(data);
    return;
  }
  while (!data.empty()) {
    const auto fed = parser_.feed(data);
    data = data.subspan(fed.consumed);
    if (fed.progress == Progress::more) {
      // A head that has begun is to go on: its next byte is a step of its own.
      loop_.wheel().set(*this, std::min(answer_due(), loop_.now() + settings_.io_timeout));
      return;
    }
    if (fed.progress == Progress::refused) {
      fail(Cause::origin_bad_upgrade, 502,
           origin::why_refused(parser_, settings_, "the origin's answer"), false);
      return;
    }
    proto::http1::ResponseHead head = parser_.take();
    const bool interim = head.status >= 100 && head.status < 200 && head.status != 101;
    if (!interim) {
      judge(std::move(head), data);
      return;
    }
    // RFC 9110 §15.2: any number of them may come, but not for ever.
    if (++interim_ > kMaxInterim) {
      fail(Cause::origin_bad_upgrade, 502, "the origin sends one interim answer after the other",
           false);
      return;
    }
    parser_ = proto::http1::ResponseParser(origin::answer_limits(settings_));
    loop_.wheel().set(*this, answer_due());
  }
}

void Attempt::judge(proto::http1::ResponseHead head, net::Bytes rest) {
  if (head.status == 101) {
    switch_over(head, rest);
    return;
  }
  final_ = std::move(head);
  body_.emplace(*final_, kMaxBody);
  loop_.wheel().set(*this, loop_.now() + kBodyTime);
  read_body(rest);
}

void Attempt::switch_over(const proto::http1::ResponseHead& head, net::Bytes rest) {
  const proto::ws::Expected expected{proto::ws::accept_for(key_), asked_.request.subprotocols,
                                     offers_};
  auto answer = proto::ws::judge_answer(head, expected);
  if (!answer) {
    fail(Cause::origin_bad_upgrade, 502, "the origin's 101 is not valid: " + answer.error(), false);
    return;
  }
  Upgraded upgraded;
  upgraded.origin = std::move(stream_);
  upgraded.address = address_;
  upgraded.tls = plan_.target.tls;
  upgraded.answer = std::move(*answer);
  upgraded.rest = rest;
  moved_.in -= rest.size();
  upgraded.connect = connected_ - began_;
  std::vector<std::string_view> dropped = {"Sec-WebSocket-Accept",     "Sec-WebSocket-Protocol",
                                           "Sec-WebSocket-Extensions", "Sec-WebSocket-Version",
                                           "Content-Length",           "Date"};
  // What is said to credentials of ours is not for the client.
  if (plan_.authorization) dropped.push_back(proto::auth::info_field(proto::auth::Asker::origin));
  for (const auto& field : proto::http1::end_to_end_fields(head.fields, dropped))
    proto::http1::append_field(upgraded.fields, field.name, field.value);
  handler_.on_attempt_upgraded(std::move(upgraded), head);
}

void Attempt::read_body(net::Bytes data) {
  const auto state = body_->feed(data);
  if (state == proto::http1::BodyReader::State::broken) {
    answered(true);
  } else if (state == proto::http1::BodyReader::State::complete || body_->full()) {
    answered(false);
  }
}

void Attempt::answered(bool unfinished) {
  stream_.reset();
  handler_.on_attempt_answered({.head = std::move(*final_),
                                .body = std::string(body_->body()),
                                .unfinished = unfinished,
                                .address = address_,
                                .tls = plan_.target.tls});
}

void Attempt::on_end() {
  if (body_) {
    answered(body_->end() != proto::http1::BodyReader::State::complete);
    return;
  }
  fail(Cause::origin_bad_upgrade, 502,
       parser_.started() ? "the origin closed the connection in the middle of its answer"
                         : "the origin closed the connection without an answer",
       true);
}

void Attempt::on_failed(const net::IoError& error) {
  if (body_) {
    answered(true);
    return;
  }
  const Blame blame = net::blame_of(error, Blame::server);
  if (blame != Blame::server) {
    handler_.on_attempt_failed(net::own_failure(error, blame, address_.to_string()));
    return;
  }
  // TLS 1.3 lets the origin judge our certificate after our own side of the handshake is done.
  const Cause cause = error.code == 0 ? Cause::origin_tls : Cause::origin_connect;
  fail(cause, 502, "the connection to the origin was lost: " + error.text, true);
}

void Attempt::on_deadline(milliseconds now) {
  if (body_) {
    answered(true);
    return;
  }
  timed_out_ = true;
  const char* why =
      "the origin fell silent in the middle of its answer, for longer than io_timeout";
  if (now >= asked_.began + settings_.establish_timeout) {
    why = "no WebSocket with the origin within establish_timeout";
  } else if (now >= connected_ + settings_.request_timeout) {
    why = "the origin did not answer within request_timeout";
  }
  fail(Cause::origin_timeout, 504, why, true);
}

// `again`: the request is a GET without a body, so another server may be asked the same.
void Attempt::fail(outcome::Cause cause, int status, std::string why, bool again) {
  std::string detail = address_.family() == AF_UNSPEC ? std::string() : address_.to_string();
  handler_.on_attempt_failed({.cause = cause,
                              .status = status,
                              .retry = again ? Retry::elsewhere : Retry::no,
                              .why = std::move(why),
                              .detail = std::move(detail)});
}

}  // namespace gateway::session
