#include "gateway/exchange/answer_fields.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "gateway/config/hsts.h"
#include "gateway/origin/location.h"
#include "proto/auth/authorizer.h"
#include "proto/base/text.h"
#include "proto/http1/forwarding.h"
#include "proto/http1/head_writer.h"
#include "proto/http1/target.h"

namespace gateway::exchange {

using Location = config::Http::Location;

namespace {

constexpr std::string_view kHttp = "http://";
constexpr uint16_t kHttpPort = 80;

// The origin cannot know better: it was spoken to in clear, and builds its URLs from that and from
// the client's Host. Nothing: it names somebody else.
std::optional<std::string> offloaded(std::string_view reference, const AnswerContext& context) {
  if (!context.client_tls || context.asked.tls) return std::nullopt;
  if (!proto::equals_ignoring_case(reference.substr(0, kHttp.size()), kHttp)) return std::nullopt;
  reference.remove_prefix(kHttp.size());
  const std::string_view authority = reference.substr(0, reference.find_first_of("/?#"));
  const auto named = proto::http1::parse_authority(authority);
  const auto client = proto::http1::parse_authority(context.client_host);
  if (!named || !client || named->host != client->host) return std::nullopt;
  const uint16_t port = named->port.value_or(kHttpPort);
  if (port != kHttpPort && port != context.client_port && named->port != client->port)
    return std::nullopt;
  std::string text("https://");
  return text.append(context.client_host).append(reference.substr(authority.size()));
}

// Another port of the origin's host is somebody else.
bool names_the_same_port(std::string_view reference, const AnswerContext& context) {
  const auto url = origin::resolve_location(context.asked, reference);
  return url && (!url->port || url->effective_port() == context.asked.effective_port());
}

std::optional<std::string> location_of(std::string_view reference, const AnswerContext& context) {
  if (context.http.location == Location::off) return std::nullopt;
  if (auto other = offloaded(reference, context)) return other;
  if (context.http.location != Location::origin || !names_the_same_port(reference, context))
    return std::nullopt;
  return origin::location_for_client(reference, {.origin = context.origin,
                                                 .asked = context.asked,
                                                 .address = context.address,
                                                 .client_host = context.client_host,
                                                 .client_tls = context.client_tls});
}

// RFC 6265 §5.2: attributes stand behind semicolons, case apart.
bool is_secure(std::string_view cookie) {
  size_t end = cookie.find(';');
  while (end != std::string_view::npos) {
    cookie.remove_prefix(end + 1);
    end = cookie.find(';');
    const std::string_view attribute = cookie.substr(0, std::min(end, cookie.size()));
    const std::string_view name = attribute.substr(0, attribute.find('='));
    if (proto::equals_ignoring_case(proto::trim(name), "Secure")) return true;
  }
  return false;
}

std::optional<std::string> changed(const proto::http1::Field& field, const AnswerContext& context) {
  if (proto::equals_ignoring_case(field.name, "Location")) return location_of(field.value, context);
  if (context.http.secure_cookies && context.client_tls &&
      proto::equals_ignoring_case(field.name, "Set-Cookie") && !is_secure(field.value))
    return std::string(field.value) + "; Secure";
  return std::nullopt;
}

}  // namespace

std::string answer_fields(const proto::http1::ResponseHead& head, const AnswerContext& context) {
  std::vector<std::string_view> dropped = {"Content-Length"};
  if (context.credentials_are_ours)
    dropped.push_back(proto::auth::info_field(proto::auth::Asker::origin));
  const auto* const hsts = context.client_tls && context.http.hsts ? &*context.http.hsts : nullptr;
  if (hsts != nullptr) dropped.push_back(config::kHstsField);
  std::string text;
  text.reserve(head.text->size());
  if (hsts != nullptr) proto::http1::append_field(text, config::kHstsField, to_string(*hsts));
  for (const auto& field : proto::http1::end_to_end_fields(head.fields, dropped)) {
    const auto other = changed(field, context);
    proto::http1::append_field(text, field.name, other ? std::string_view(*other) : field.value);
  }
  return text;
}

std::string interim_fields(const proto::http1::ResponseHead& head) {
  std::string text;
  for (const auto& field : proto::http1::end_to_end_fields(head.fields, {"Content-Length"}))
    proto::http1::append_field(text, field.name, field.value);
  return text;
}

ClientSide::Body client_body(const proto::http1::BodyFraming& framing,
                             const proto::http1::ResponseHead& head) {
  using proto::http1::BodyFraming;
  using Kind = ClientSide::Body::Kind;
  switch (framing.kind) {
    case BodyFraming::Kind::none: {
      constexpr int kNoContent = 204;
      const auto length = head.fields.first("Content-Length");
      if (!length || head.status == kNoContent) return {};
      return {.kind = Kind::none, .length = proto::parse_decimal(*length)};
    }
    case BodyFraming::Kind::length:
      return {.kind = Kind::length, .length = framing.length};
    case BodyFraming::Kind::chunked:
    case BodyFraming::Kind::until_close:
      break;
  }
  return {.kind = Kind::unknown};
}

bool is_event_stream(const proto::http1::Fields& fields) {
  const std::string_view type = fields.first("Content-Type").value_or("");
  return proto::equals_ignoring_case(proto::trim(type.substr(0, type.find(';'))),
                                     "text/event-stream");
}

}  // namespace gateway::exchange
