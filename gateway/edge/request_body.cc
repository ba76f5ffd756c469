#include "gateway/edge/request_body.h"

#include "proto/base/text.h"

namespace gateway::edge {

using outcome::Blame;
using outcome::Cause;

namespace {

constexpr std::string_view kTooLarge = "the request body is larger than http.max_body";

bool expects_continue(const proto::http1::RequestHead& head) {
  const auto expected = head.fields.first("Expect");
  return expected && proto::equals_ignoring_case(*expected, "100-continue");
}

}  // namespace

std::optional<Refusal> judge_body(const Request& request) {
  const proto::http1::RequestHead& head = request.head;
  const size_t expectations = head.fields.count("Expect");
  if (expectations > 1 || (expectations == 1 && !expects_continue(head))) {
    return Refusal{.status = 417,
                   .cause = Cause::bad_request,
                   .why = "the only expectation that is met here is 100-continue"};
  }
  const auto& most = request.route->http->max_body;
  if (most && proto::http1::request_body(head).length > *most)
    return Refusal{.status = 413, .cause = Cause::body_too_large, .why = std::string(kTooLarge)};
  return std::nullopt;
}

RequestBody::RequestBody(const proto::http1::RequestHead& head)
    : framing_(proto::http1::request_body(head)),
      decoder_(framing_),
      awaited_(head.minor_version == 1 && expects_continue(head)) {}

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
