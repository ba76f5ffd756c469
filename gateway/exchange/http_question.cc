#include "gateway/exchange/http_question.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "gateway/origin/client_fields.h"
#include "proto/http1/head_writer.h"

namespace gateway::exchange {

using origin::Late;
using origin::Unanswered;
using origin::Verdict;
using outcome::Cause;

namespace {

// What we write ourselves in the request to the origin, or never pass on; where it has come from
// apart.
const std::vector<std::string_view>& own_fields() {
  static const std::vector<std::string_view> kNames = {"Host", "Content-Length", "Expect"};
  return kNames;
}

template <size_t kCount>
bool is_one_of(std::string_view method, const std::array<std::string_view, kCount>& methods) {
  return std::ranges::find(methods, method) != methods.end();
}

// RFC 9110 §9.2.2, as far as origins are known to keep to it. To ask these once more does what
// asking once did.
bool is_idempotent(std::string_view method) {
  static constexpr std::array<std::string_view, 5> kMethods{"GET", "HEAD", "OPTIONS", "PUT",
                                                            "DELETE"};
  return is_one_of(method, kMethods);
}

bool only_reads(std::string_view method) {
  static constexpr std::array<std::string_view, 3> kMethods{"GET", "HEAD", "OPTIONS"};
  return is_one_of(method, kMethods);
}

bool is_listed(const config::HttpRetry& retry, int status) {
  return (status == 502 && retry.on_502) || (status == 503 && retry.on_503) ||
         (status == 504 && retry.on_504);
}

void append_framing(std::string& text, const proto::http1::BodyFraming& body) {
  using Kind = proto::http1::BodyFraming::Kind;
  if (body.kind == Kind::length)
    proto::http1::append_field(text, "Content-Length", std::to_string(body.length));
  if (body.kind == Kind::chunked) proto::http1::append_field(text, "Transfer-Encoding", "chunked");
}

}  // namespace

HttpQuestion::HttpQuestion(const Asks& asks, milliseconds began, const Upload& upload,
                           Handler& handler)
    : asks_(asks),
      upload_(upload),
      handler_(handler),
      // Nothing of a challenge's body is wanted. All later times are the exchange's.
      patience_{.until = began + asks.origin.establish_timeout,
                .answer = std::nullopt,
                .body = asks.origin.io_timeout,
                .most_body = 0} {}

bool HttpQuestion::is_repeatable(const Asks& asks) {
  const config::HttpRetry& retry = asks.http.retry;
  return asks.origin.auth ||
         ((retry.stale || retry.no_answer) && is_idempotent(asks.request.head.method));
}

origin::Kept HttpQuestion::may_use() const {
  return origin::may_serve(asks_.origin.reuse.mode, method(), asks_.body.has_body());
}

bool HttpQuestion::may_be_repeated(Unanswered why) const {
  const config::HttpRetry& retry = asks_.http.retry;
  const bool harmless = is_idempotent(method()) && upload_.may_be_repeated();
  switch (why) {
    case Unanswered::unconnected:
      return retry.connect;
    case Unanswered::stale:
      return retry.stale && harmless;
    case Unanswered::ended:
    case Unanswered::cut:
    case Unanswered::lost:
      return retry.no_answer && harmless;
    // A long poll has its session at that server alone.
    case Unanswered::late:
    case Unanswered::no_answer:
      break;
  }
  return false;
}

// A client must not have a server left out by asking for what takes long, or is answered badly.
bool HttpQuestion::is_held_against_server(Unanswered why) const {
  return why != Unanswered::stale && why != Unanswered::late && why != Unanswered::no_answer;
}

Cause HttpQuestion::cause_of(Unanswered why) const {
  return why == Unanswered::ended || why == Unanswered::lost ? Cause::origin_abort
                                                             : Cause::origin_bad_response;
}

std::string_view HttpQuestion::why_late(Late) const {
  return "no connection to the origin within origin.establish_timeout";
}

std::string HttpQuestion::request_text(const origin::Asking& asking) {
  std::string text;
  text.reserve(asks_.request.head.text->size() + 512);
  proto::http1::append_request_line(text, method(), asking.path_and_query);
  proto::http1::append_field(text, "Host", asking.host);
  origin::append_client_fields(text, asks_.request, asking, own_fields());
  if (asking.authorization)
    proto::http1::append_field(text, "Authorization", *asking.authorization);
  append_framing(text, asks_.body);
  origin::append_source(text, asks_.request, asks_.via);
  // Without it some say nothing of how long they keep a connection, and `close` makes others end a
  // body with the connection, so that a cut looks like the end.
  proto::http1::append_field(text, "Connection", "keep-alive");
  proto::http1::append_end(text);
  return text;
}

proto::Result<Verdict, std::string> HttpQuestion::judge(const proto::http1::ResponseHead& head) {
  constexpr int kSwitchingProtocols = 101;
  constexpr int kUnauthorized = 401;
  if (head.status == kSwitchingProtocols)
    return proto::Unexpected{std::string("the origin switches protocols, which nobody asked for")};
  if (head.status == kUnauthorized && asks_.origin.auth) return Verdict::challenge;
  const bool elsewhere =
      is_listed(asks_.http.retry, head.status) && only_reads(method()) && !asks_.body.has_body();
  return elsewhere && !asks_.origin.sticky ? Verdict::yielding : Verdict::taken;
}

void HttpQuestion::on_answered(origin::Answer) {
  // A challenge is the only answer that is not taken, and that is met with credentials or fails.
  assert(false);
}

}  // namespace gateway::exchange
