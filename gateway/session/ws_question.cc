#include "gateway/session/ws_question.h"

#include <utility>

#include "gateway/origin/client_fields.h"
#include "gateway/session/passed_answer.h"
#include "proto/auth/authorizer.h"
#include "proto/http1/forwarding.h"
#include "proto/http1/head_writer.h"

namespace gateway::session {

using origin::Late;
using origin::Verdict;

namespace {

// For the body of an answer. The status is known by then, so that what has not come within this is
// not worth a client's patience.
constexpr milliseconds kBodyTime{1'000};

// What we write ourselves in the request to the origin, where it has come from apart.
const std::vector<std::string_view>& own_fields() {
  static const std::vector<std::string_view> kNames = {"Host",
                                                       "Sec-WebSocket-Key",
                                                       "Sec-WebSocket-Version",
                                                       "Sec-WebSocket-Extensions",
                                                       "Content-Length",
                                                       "Expect"};
  return kNames;
}

std::vector<proto::ws::Extension> parsed_offers(std::string_view text) {
  if (text.empty()) return {};
  auto parsed = proto::ws::parse_extensions(text);
  return parsed ? std::move(*parsed) : std::vector<proto::ws::Extension>{};
}

}  // namespace

WsQuestion::WsQuestion(const Asks& asks, milliseconds began, Handler& handler)
    : asks_(asks),
      handler_(handler),
      patience_{.until = began + asks.origin.establish_timeout,
                .answer = asks.origin.request_timeout,
                .body = kBodyTime},
      offers_text_(proto::ws::offers_to_forward(asks.upgrade.extensions)),
      offers_(parsed_offers(offers_text_)) {}

std::string_view WsQuestion::why_late(Late late) const {
  switch (late) {
    case Late::whole:
      return "no WebSocket with the origin within establish_timeout";
    case Late::answer:
      return "the origin did not answer within request_timeout";
    case Late::silent:
      break;
  }
  return "the origin fell silent in the middle of its answer, for longer than io_timeout";
}

std::string WsQuestion::request_text(const origin::Asking& asking) {
  key_ = proto::ws::random_key();
  credentials_are_ours_ = asking.authorization.has_value();
  std::string text;
  text.reserve(asks_.request.head.text->size() + 512);
  proto::http1::append_request_line(text, method(), asking.path_and_query);
  proto::http1::append_field(text, "Host", asking.host);
  proto::http1::append_field(text, "Upgrade", "websocket");
  proto::http1::append_field(text, "Connection", "Upgrade");
  proto::http1::append_field(text, "Sec-WebSocket-Key", key_);
  proto::http1::append_field(text, "Sec-WebSocket-Version", "13");
  if (!offers_text_.empty())
    proto::http1::append_field(text, "Sec-WebSocket-Extensions", offers_text_);
  origin::append_client_fields(text, asks_.request, asking, own_fields());
  if (asking.authorization)
    proto::http1::append_field(text, "Authorization", *asking.authorization);
  origin::append_source(text, asks_.request, asks_.via);
  proto::http1::append_end(text);
  return text;
}

proto::Result<Verdict, std::string> WsQuestion::judge(const proto::http1::ResponseHead& head) {
  constexpr int kUnauthorized = 401;
  if (head.status == 101) return judge_switch(head);
  if (head.status == kUnauthorized) return Verdict::challenge;
  if (origin::is_redirect(head.status, head.fields)) return Verdict::redirect;
  return head.status < 500 ? Verdict::answered : Verdict::failing;
}

proto::Result<Verdict, std::string> WsQuestion::judge_switch(
    const proto::http1::ResponseHead& head) {
  const proto::ws::Expected expected{proto::ws::accept_for(key_), asks_.upgrade.subprotocols,
                                     offers_};
  auto agreed = proto::ws::judge_answer(head, expected);
  if (!agreed) return proto::Unexpected{"the origin's 101 is not valid: " + agreed.error()};
  agreed_ = std::move(*agreed);
  std::vector<std::string_view> dropped = {"Sec-WebSocket-Accept",     "Sec-WebSocket-Protocol",
                                           "Sec-WebSocket-Extensions", "Sec-WebSocket-Version",
                                           "Content-Length",           "Date"};
  // What is said to credentials of ours is not for the client.
  if (credentials_are_ours_) dropped.push_back(proto::auth::info_field(proto::auth::Asker::origin));
  for (const auto& field : proto::http1::end_to_end_fields(head.fields, dropped))
    proto::http1::append_field(fields_, field.name, field.value);
  return Verdict::taken;
}

void WsQuestion::on_taken(origin::Taken taken) {
  handler_.on_upgraded({.origin = std::move(taken.stream),
                        .answer = std::move(agreed_),
                        .fields = std::move(fields_) + taken.sticky.fields,
                        .rest = taken.rest,
                        .backend = taken.backend});
}

void WsQuestion::on_answered(origin::Answer answer) {
  std::string fields =
      passed_fields(answer, {.origin = asks_.origin,
                             .client_host = asks_.request.head.fields.first("Host").value_or(""),
                             .client_tls = asks_.request.client_tls}) +
      answer.sticky_fields;
  handler_.on_refused({.status = answer.head.status,
                       .fields = std::move(fields),
                       .body = std::move(answer.body),
                       .unfinished = answer.unfinished});
}

void WsQuestion::on_failed(outcome::Failure failure) {
  handler_.on_upgrade_failed(std::move(failure));
}

}  // namespace gateway::session
