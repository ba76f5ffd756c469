#include "gateway/session/upgrade.h"

#include <utility>

#include "proto/http1/forwarding.h"
#include "proto/http1/head_writer.h"

namespace gateway::session {

using log::Cause;
using proto::http1::Progress;
using std::chrono::milliseconds;

namespace {

// What we write ourselves in the request to the origin.
const std::vector<std::string_view>& own_fields() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names(proto::http1::kForwardedFields.begin(),
                                        proto::http1::kForwardedFields.end());
    names.insert(names.end(), {"Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version",
                               "Sec-WebSocket-Extensions", "Content-Length"});
    return names;
  }();
  return kNames;
}

proto::http1::HeadLimits limits_of(const config::Origin& settings) {
  proto::http1::HeadLimits limits;
  limits.max_head = settings.max_response_head;
  return limits;
}

std::vector<proto::ws::Extension> forwarded_offers(std::string_view text) {
  auto parsed = proto::ws::parse_extensions(text);
  return parsed ? std::move(*parsed) : std::vector<proto::ws::Extension>{};
}

}  // namespace

Upgrade::Upgrade(net::Loop& loop, net::Resolver& resolver, const route::Snapshot& snapshot,
                 const route::Domain& domain, const route::Server& server, const Asked& asked,
                 Handler& handler)
    : loop_(loop),
      snapshot_(snapshot),
      settings_(domain.config->origin),
      asked_(asked),
      handler_(handler),
      target_(origin::choose_target(settings_, server, asked.client_tls)),
      host_(origin::host_header(settings_, server, target_,
                                asked.head.fields.first("Host").value_or(""))),
      key_(proto::ws::random_key()),
      offers_text_(proto::ws::offers_to_forward(asked.request.extensions)),
      began_(asked.began),
      parser_(limits_of(settings_)) {
  if (!offers_text_.empty()) offers_ = forwarded_offers(offers_text_);
  loop_.wheel().set(*this, began_ + settings_.establish_timeout);
  origin::Connector::Plan plan{domain, server, target_, origin::tls_name(settings_, host_)};
  connector_ = std::make_unique<origin::Connector>(loop, resolver, std::move(plan), *this);
}

void Upgrade::on_connect_failed(const origin::Failure& failure) {
  handler_.on_upgrade_failed(failure);
}

void Upgrade::on_connected(std::unique_ptr<net::Stream> stream, const net::Address& address) {
  address_ = address;
  connected_ = loop_.now();
  stream_ = std::move(stream);
  connector_.reset();
  stream_->start(*this);
  const std::string request = request_text();
  moved_.out = request.size();
  stream_->write(proto::bytes_of(request));
  loop_.wheel().set(*this, std::min(began_ + settings_.establish_timeout,
                                    connected_ + settings_.request_timeout));
}

std::string Upgrade::request_text() const {
  std::string text;
  text.reserve(asked_.head.text->size() + 512);
  proto::http1::append_request_line(text, "GET", asked_.target.path_and_query);
  proto::http1::append_field(text, "Host", host_);
  proto::http1::append_field(text, "Upgrade", "websocket");
  proto::http1::append_field(text, "Connection", "Upgrade");
  proto::http1::append_field(text, "Sec-WebSocket-Key", key_);
  proto::http1::append_field(text, "Sec-WebSocket-Version", "13");
  if (!offers_text_.empty())
    proto::http1::append_field(text, "Sec-WebSocket-Extensions", offers_text_);
  for (const auto& field : proto::http1::end_to_end_fields(asked_.head.fields, own_fields())) {
    proto::http1::append_field(text, field.name, field.value);
  }
  const std::string client = asked_.client.host();
  proto::http1::append_hop(text, asked_.head.fields,
                           {.client_address = client,
                            .scheme = asked_.client_tls ? "https" : "http",
                            .host = {},
                            .via = snapshot_.via});
  proto::http1::append_end(text);
  return text;
}

void Upgrade::on_data(net::Bytes data) {
  moved_.in += data.size();
  if (body_) {
    read_refusal(data);
    return;
  }
  while (!data.empty()) {
    const auto fed = parser_.feed(data);
    data = data.subspan(fed.consumed);
    if (fed.progress == Progress::more) return;
    if (fed.progress == Progress::refused) {
      fail(Cause::origin_bad_upgrade, 502,
           "the origin's answer is not HTTP/1.1: " + parser_.refusal());
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
      fail(Cause::origin_bad_upgrade, 502, "the origin sends one interim answer after the other");
      return;
    }
    parser_ = proto::http1::ResponseParser(limits_of(settings_));
  }
}

void Upgrade::judge(proto::http1::ResponseHead head, net::Bytes rest) {
  if (head.status == 101) {
    switch_over(head, rest);
    return;
  }
  refusal_ = std::move(head);
  body_.emplace(*refusal_, kMaxRefusalBody);
  read_refusal(rest);
}

void Upgrade::switch_over(const proto::http1::ResponseHead& head, net::Bytes rest) {
  const proto::ws::Expected expected{proto::ws::accept_for(key_), asked_.request.subprotocols,
                                     offers_};
  auto answer = proto::ws::judge_answer(head, expected);
  if (!answer) {
    fail(Cause::origin_bad_upgrade, 502, "the origin's 101 is not valid: " + answer.error());
    return;
  }
  Upgraded upgraded;
  upgraded.origin = std::move(stream_);
  upgraded.address = address_;
  upgraded.tls = target_.tls;
  upgraded.answer = std::move(*answer);
  upgraded.rest = rest;
  moved_.in -= rest.size();
  upgraded.connect = connected_ - began_;
  for (const auto& field : proto::http1::end_to_end_fields(
           head.fields,
           {"Sec-WebSocket-Accept", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions",
            "Sec-WebSocket-Version", "Content-Length", "Date"})) {
    proto::http1::append_field(upgraded.fields, field.name, field.value);
  }
  handler_.on_upgraded(std::move(upgraded));
}

void Upgrade::read_refusal(net::Bytes data) {
  const auto state = body_->feed(data);
  if (state == proto::http1::BodyReader::State::broken) {
    fail(Cause::origin_bad_upgrade, 502, "the body of the origin's answer is malformed");
  } else if (state == proto::http1::BodyReader::State::complete || body_->full()) {
    pass_on_refusal();
  }
}

void Upgrade::pass_on_refusal() {
  stream_.reset();
  std::string text;
  proto::http1::append_status_line(text, refusal_->status);
  for (const auto& field : proto::http1::end_to_end_fields(refusal_->fields, {"Content-Length"})) {
    proto::http1::append_field(text, field.name, field.value);
  }
  const bool bodiless = refusal_->status == 204 || refusal_->status == 304;
  if (!bodiless)
    proto::http1::append_field(text, "Content-Length", std::to_string(body_->body().size()));
  proto::http1::append_field(text, "Connection", "close");
  proto::http1::append_end(text);
  if (!bodiless) text += body_->body();
  handler_.on_refused({.status = refusal_->status,
                       .response = std::move(text),
                       .address = address_,
                       .tls = target_.tls});
}

void Upgrade::on_end() {
  if (body_ && body_->end() == proto::http1::BodyReader::State::complete) {
    pass_on_refusal();
    return;
  }
  fail(Cause::origin_bad_upgrade, 502,
       parser_.started() || body_ ? "the origin closed the connection in the middle of its answer"
                                  : "the origin closed the connection without an answer");
}

void Upgrade::on_failed(const net::IoError& error) {
  fail(Cause::origin_connect, 502, "the connection to the origin was lost: " + error.text);
}

void Upgrade::on_deadline(milliseconds now) {
  const bool establishing = now >= began_ + settings_.establish_timeout;
  fail(Cause::origin_timeout, 504,
       establishing ? "no WebSocket with the origin within establish_timeout"
                    : "the origin did not answer within request_timeout");
}

void Upgrade::fail(Cause cause, int status, std::string why) {
  std::string detail = address_.family() == AF_UNSPEC ? std::string() : address_.to_string();
  handler_.on_upgrade_failed(
      {.cause = cause, .status = status, .why = std::move(why), .detail = std::move(detail)});
}

}  // namespace gateway::session
