#include "proto/ws/handshake.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proto/base/encoding.h"
#include "proto/base/text.h"
#include "proto/http1/expectation.h"

namespace proto::ws {
namespace {

using http1::Fields;
using http1::Rejection;
using http1::RequestHead;
using http1::ResponseHead;
using Refusal = std::optional<Rejection>;

constexpr size_t kKeyOctets = 16;
constexpr std::string_view kFieldPrefix = "Sec-WebSocket-";

// Upgrade may only ever name websocket: whatever else it listed, an origin might switch to.
bool names_websocket_alone(const Fields& fields) {
  const std::string joined = fields.joined("Upgrade");
  const std::vector<std::string_view> elements = split_list(joined);
  return elements.size() == 1 && equals_ignoring_case(elements.front(), "websocket");
}

// Content-Length: 0 is let through, since some clients send it with every request.
bool announces_body(const Fields& fields) {
  const auto announces = [](const http1::Field& field) {
    if (equals_ignoring_case(field.name, "Transfer-Encoding")) return true;
    return equals_ignoring_case(field.name, "Content-Length") && parse_decimal(field.value) != 0;
  };
  return std::any_of(fields.all().begin(), fields.all().end(), announces);
}

Refusal bad(std::string why) { return Rejection{400, std::move(why)}; }

Refusal judge_line(const RequestHead& head) {
  if (head.method != "GET") return bad("a WebSocket handshake must be a GET request");
  if (head.minor_version != 1) return bad("a WebSocket handshake must be HTTP/1.1");
  return std::nullopt;
}

Refusal judge_upgrade(const RequestHead& head) {
  // nginx drops it unless it is told otherwise, and many before it do the same.
  if (head.fields.count("Upgrade") == 0)
    return bad("the Upgrade field is missing: a proxy before this gateway may have removed it");
  if (!names_websocket_alone(head.fields)) return bad("Upgrade must be websocket and nothing else");
  if (!head.fields.has_token("Connection", "upgrade")) return bad("Connection must name Upgrade");
  return std::nullopt;
}

// A body would reach the origin as the first bytes of the tunnel.
Refusal judge_body(const RequestHead& head) {
  if (announces_body(head.fields)) {
    return bad("Content-Length and Transfer-Encoding must be absent: a handshake has no body");
  }
  // Without a body there is nothing to continue with.
  const auto waits = http1::expects_continue(head);
  return waits ? Refusal{} : Refusal{waits.error()};
}

Refusal judge_version(const RequestHead& head) {
  const Fields& fields = head.fields;
  if (fields.count("Sec-WebSocket-Version") == 1 && fields.first("Sec-WebSocket-Version") == "13") {
    return std::nullopt;
  }
  if (fields.count("Sec-WebSocket-Key1") > 0 || fields.count("Sec-WebSocket-Key2") > 0) {
    return Rejection{
        426, "Sec-WebSocket-Key1 and -Key2 are of a draft; Sec-WebSocket-Version must be 13"};
  }
  return Rejection{426, "Sec-WebSocket-Version must be 13, exactly once"};
}

Refusal judge_key(const RequestHead& head) {
  const auto key = head.fields.first("Sec-WebSocket-Key");
  if (head.fields.count("Sec-WebSocket-Key") == 1) {
    const auto octets = from_base64(*key);
    if (octets && octets->size() == kKeyOctets) return std::nullopt;
  }
  return bad("Sec-WebSocket-Key must be 16 octets in base64, exactly once");
}

Result<std::vector<std::string>, Rejection> read_subprotocols(const Fields& fields) {
  if (fields.count("Sec-WebSocket-Protocol") == 0) return std::vector<std::string>{};
  const std::string joined = fields.joined("Sec-WebSocket-Protocol");
  std::vector<std::string_view> names = split_list(joined);
  const auto fail = [](std::string why) { return Unexpected{Rejection{400, std::move(why)}}; };
  if (names.empty() || !std::all_of(names.begin(), names.end(), is_token)) {
    return fail("Sec-WebSocket-Protocol must be a list of tokens");
  }
  if (names.size() > kMaxSubprotocols) return fail("Sec-WebSocket-Protocol lists too many names");
  std::vector<std::string> in_order(names.begin(), names.end());
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) {
    return fail("Sec-WebSocket-Protocol must not name a subprotocol twice");
  }
  return in_order;
}

// Why the head is no switch to WebSocket with our key; empty: it is.
std::string_view judge_switch(const ResponseHead& head, std::string_view accept) {
  const Fields& fields = head.fields;
  if (head.status != 101) return "the status is not 101";
  if (head.minor_version != 1) return "a 101 answer must be HTTP/1.1";
  if (!names_websocket_alone(fields)) return "Upgrade is not websocket and nothing else";
  if (!fields.has_token("Connection", "upgrade")) return "Connection does not name Upgrade";
  if (fields.count("Sec-WebSocket-Accept") != 1)
    return "Sec-WebSocket-Accept is not there exactly once";
  if (fields.first("Sec-WebSocket-Accept") != accept) {
    return "Sec-WebSocket-Accept does not match the key";
  }
  if (announces_body(fields)) return "a 101 answer must not announce a body";
  return "";
}

Result<std::optional<std::string>, std::string> read_choice(
    const Fields& fields, const std::vector<std::string>& subprotocols) {
  const size_t count = fields.count("Sec-WebSocket-Protocol");
  if (count == 0) return std::optional<std::string>{};
  if (count > 1) return Unexpected{std::string("Sec-WebSocket-Protocol is there more than once")};
  const std::string_view choice = *fields.first("Sec-WebSocket-Protocol");
  if (std::find(subprotocols.begin(), subprotocols.end(), choice) == subprotocols.end()) {
    return Unexpected{std::string("Sec-WebSocket-Protocol names what was not offered")};
  }
  return std::optional<std::string>(choice);
}

}  // namespace

std::string accept_for(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return to_base64(sha1(bytes_of(text)));
}

std::string random_key() {
  std::array<uint8_t, kKeyOctets> octets{};
  random_bytes(octets);
  return to_base64(octets);
}

bool asks_for_upgrade(const RequestHead& head) {
  const auto is_of_websocket = [](const http1::Field& field) {
    return equals_ignoring_case(field.name.substr(0, kFieldPrefix.size()), kFieldPrefix);
  };
  return head.fields.has_token("Upgrade", "websocket") ||
         std::any_of(head.fields.all().begin(), head.fields.all().end(), is_of_websocket);
}

Result<UpgradeRequest, Rejection> judge_request(const RequestHead& head) {
  // In this order: what is no handshake at all is told so before what is one of another version.
  for (const auto judge : {judge_line, judge_upgrade, judge_body, judge_version, judge_key}) {
    if (Refusal refusal = judge(head)) return Unexpected{std::move(*refusal)};
  }
  auto subprotocols = read_subprotocols(head.fields);
  if (!subprotocols) return Unexpected{std::move(subprotocols.error())};
  auto extensions = parse_extensions(head.fields.joined("Sec-WebSocket-Extensions"));
  if (!extensions) return Unexpected{Rejection{400, std::move(extensions.error())}};
  return UpgradeRequest{std::string(*head.fields.first("Sec-WebSocket-Key")),
                        std::move(*subprotocols), std::move(*extensions)};
}

Result<UpgradeAnswer, std::string> judge_answer(const ResponseHead& head,
                                                const Expected& expected) {
  const std::string_view why = judge_switch(head, expected.accept);
  if (!why.empty()) return Unexpected{std::string(why)};
  auto choice = read_choice(head.fields, expected.subprotocols);
  if (!choice) return Unexpected{std::move(choice.error())};
  const auto extensions = parse_extensions(head.fields.joined("Sec-WebSocket-Extensions"));
  if (!extensions) return Unexpected{extensions.error()};
  const auto deflate = judge_answer(*extensions, expected.offers);
  if (!deflate) return Unexpected{deflate.error()};
  UpgradeAnswer answer;
  answer.subprotocol = std::move(*choice);
  answer.permessage_deflate = *deflate;
  if (*deflate) answer.extensions = to_text(extensions->front());
  return answer;
}

}  // namespace proto::ws
