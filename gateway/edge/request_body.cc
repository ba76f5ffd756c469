#include "gateway/edge/request_body.h"

#include "proto/http1/expectation.h"

namespace gateway::edge {

using outcome::Blame;
using outcome::Cause;

namespace {

constexpr std::string_view kTooLarge = "the request body is larger than http.max_body";

bool is_awaited_by(const proto::http1::RequestHead& head) {
  const auto waits = proto::http1::expects_continue(head);
  return waits && *waits;
}

}  // namespace

std::optional<Refusal> judge_body(const Request& request) {
  const proto::http1::RequestHead& head = request.head;
  const auto waits = proto::http1::expects_continue(head);
  if (!waits) {
    return Refusal{
        .status = waits.error().status, .cause = Cause::bad_request, .why = waits.error().why};
  }
  const auto& most = request.route->http->max_body;
  if (most && proto::http1::request_body(head).length > *most)
    return Refusal{.status = 413, .cause = Cause::body_too_large, .why = std::string(kTooLarge)};
  return std::nullopt;
}

RequestBody::RequestBody(const proto::http1::RequestHead& head)
    : framing_(proto::http1::request_body(head)),
      decoder_(framing_),
      awaited_(is_awaited_by(head)) {}

RequestBody::Part RequestBody::take(proto::Bytes in, std::optional<uint64_t> most,
                                    std::string& joined) {
  const auto decoded = proto::http1::decode_read(decoder_, in, joined);
  consumed_ += decoded.consumed;
  broken_ = most && decoder_.octets() > *most;
  return {.octets = is_broken() ? proto::Bytes() : decoded.octets, .consumed = decoded.consumed};
}

outcome::Failure RequestBody::failure() const {
  if (broken_) {
    return {.cause = Cause::body_too_large,
            .status = 413,
            .blame = Blame::client,
            .why = std::string(kTooLarge),
            .detail = {}};
  }
  return {.cause = Cause::bad_request,
          .status = 400,
          .blame = Blame::client,
          .why = std::string(decoder_.why()),
          .detail = {}};
}

}  // namespace gateway::edge
