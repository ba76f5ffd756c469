#include "gateway/session/passed_answer.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "gateway/net/address.h"
#include "gateway/origin/target.h"
#include "proto/auth/authorizer.h"
#include "proto/base/text.h"
#include "proto/http1/forwarding.h"
#include "proto/http1/head_writer.h"

namespace gateway::session {

namespace {

// Without brackets and, of an address, in its one spelling.
std::string plain(std::string_view host) {
  const auto address = net::Address::parse(host, 0);
  return address ? address->host() : proto::to_lower(origin::bare_host(host));
}

// Where "//authority" stands in a URL reference (RFC 3986 §4.1); nothing: it names no host.
std::optional<size_t> authority_in(std::string_view reference) {
  const size_t at = reference.find_first_of("/?#");
  if (at == std::string_view::npos || !reference.substr(at).starts_with("//")) return std::nullopt;
  return at == 0 || reference[at - 1] == ':' ? std::optional(at) : std::nullopt;
}

bool is_inside(std::string_view host, const origin::Answer& answer, const Passing& passing) {
  const std::string name = plain(host);
  if (name == plain(origin::bare_host(passing.client_host))) return false;
  if (!answer.foreign && (name == plain(answer.asked.host) || name == answer.address.host()))
    return true;
  return std::ranges::any_of(passing.origin.servers, [&name](const config::Server& server) {
    return name == plain(server.host);
  });
}

// Nothing: it may be passed on as it is.
std::optional<std::string> for_client(std::string_view reference, const origin::Answer& answer,
                                      const Passing& passing) {
  const auto at = authority_in(reference);
  if (!at) return std::nullopt;
  const auto url = origin::resolve_location(answer.asked, reference);
  if (!url || !is_inside(url->host, answer, passing)) return std::nullopt;
  const std::string_view rest = reference.substr(*at + 2);
  const std::string_view behind = rest.substr(std::min(rest.find_first_of("/?#"), rest.size()));
  std::string text;
  std::string host(passing.client_host);
  if (*at > 0) {
    const bool ws = proto::equals_ignoring_case(reference.substr(0, 2), "ws");
    text = ws ? "ws" : "http";
    if (passing.client_tls || url->tls) text += 's';
    text += ':';
    // The port of the client's Host is that of the scheme which it speaks.
    if (url->tls && !passing.client_tls) {
      const auto authority = proto::http1::parse_authority(passing.client_host);
      if (authority) host = authority->host;
    }
  }
  return text + "//" + host + std::string(behind);
}

bool names_a_place(std::string_view field) {
  return proto::equals_ignoring_case(field, "Location") ||
         proto::equals_ignoring_case(field, "Content-Location");
}

}  // namespace

std::string passed_fields(const origin::Answer& answer, const Passing& passing) {
  std::string text;
  std::vector<std::string_view> dropped = {"Content-Length"};
  if (answer.credentials_are_ours)
    dropped.push_back(proto::auth::info_field(proto::auth::Asker::origin));
  for (const auto& field : proto::http1::end_to_end_fields(answer.head.fields, dropped)) {
    const auto other =
        names_a_place(field.name) ? for_client(field.value, answer, passing) : std::nullopt;
    proto::http1::append_field(text, field.name, other ? std::string_view(*other) : field.value);
  }
  return text;
}

}  // namespace gateway::session
