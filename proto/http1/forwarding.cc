#include "proto/http1/forwarding.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "proto/base/text.h"
#include "proto/http1/client_address.h"
#include "proto/http1/field_name.h"
#include "proto/http1/head_writer.h"

namespace proto::http1 {

namespace {

constexpr std::array<std::string_view, 7> kHopByHop = {
    "Connection", "Upgrade", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "HTTP2-Settings",
};

// Named by Connection, these stay: whoever could remove them could change who is asking, where
// from, or where the message ends.
constexpr std::array<std::string_view, 10> kKept = {
    "Host",          "Content-Length", "Via",       "Cookie",          "Set-Cookie",
    "Authorization", "Origin",         "Forwarded", "X-Client-Scheme", "X-Real-IP",
};
constexpr std::array<std::string_view, 4> kKeptPrefixes = {"X-Forwarded-", "Sec-WebSocket-",
                                                           "Client-Cert", "X-SSL-"};

// What append_hop writes, whatever the sender has said.
constexpr std::array<std::string_view, 5> kWritten = {
    "X-Forwarded-For",  "X-Forwarded-Proto", "X-Forwarded-Host",
    "X-Forwarded-Port", "X-Client-Scheme",
};
// What only trusted ones may say.
constexpr std::string_view kRfc7239 = "Forwarded";
constexpr std::array<std::string_view, 2> kClaims = {kRfc7239, "X-Real-IP"};
constexpr std::array<std::string_view, 3> kClaimPrefixes = {"X-Forwarded-", "Client-Cert",
                                                            "X-SSL-"};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view other) { return reads_as(name, other); });
}

template <class Prefixes>
bool begins_as_any(std::string_view name, const Prefixes& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [name](std::string_view prefix) { return begins_as(name, prefix); });
}

bool is_hop_by_hop(std::string_view name) {
  return begins_as(name, "Proxy-") || contains(kHopByHop, name);
}

bool is_kept(std::string_view name) {
  return contains(kKept, name) || begins_as_any(name, kKeptPrefixes);
}

bool is_claim(std::string_view name, const Sender& sender) {
  if (contains(kWritten, name)) return true;
  // A proxy that says it in another field passes on whatever its own client has written in this.
  if (sender.trusted)
    return reads_as(name, kRfc7239) && !equals_ignoring_case(sender.address_header, kRfc7239);
  return contains(kClaims, name) || begins_as_any(name, kClaimPrefixes) ||
         (!sender.address_header.empty() && reads_as(name, sender.address_header));
}

// The fields that Connection asks this hop to remove.
std::vector<std::string_view> named_by_connection(const Fields& fields) {
  std::vector<std::string_view> names;
  for (const Field& field : fields.all()) {
    if (!equals_ignoring_case(field.name, "Connection")) continue;
    for (std::string_view option : split_list(field.value)) {
      if (!is_kept(option)) names.push_back(option);
    }
  }
  return names;
}

// An element of Via is `protocol received-by [comment]` (RFC 9110 §7.6.3).
std::string_view received_by(std::string_view element) {
  const size_t space = element.find_first_of(" \t");
  if (space == std::string_view::npos) return {};
  const std::string_view rest = trim(element.substr(space));
  return rest.substr(0, rest.find_first_of(" \t("));
}

template <class Passes>
std::vector<Field> passed_fields(const Fields& fields,
                                 const std::vector<std::string_view>& also_drop,
                                 const Passes& passes) {
  const std::vector<std::string_view> named = named_by_connection(fields);
  std::vector<Field> passed;
  passed.reserve(fields.all().size());
  for (const Field& field : fields.all()) {
    if (is_hop_by_hop(field.name) || contains(named, field.name)) continue;
    if (!contains(also_drop, field.name) && passes(field.name)) passed.push_back(field);
  }
  return passed;
}

std::string_view port_of(const Hop& hop) {
  const size_t bracket = hop.host.rfind(']');
  const size_t colon = hop.host.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket))
    return hop.host.substr(colon + 1);
  return hop.scheme == "https" ? "443" : "80";
}

// An IPv6 address has brackets, which need quotes (RFC 7239 §6); what is no address has a word.
std::string forwarded_node(std::string_view element) {
  const std::optional<std::string> address = address_of(element);
  if (!address) return "for=unknown";
  if (address->find(':') == std::string::npos) return "for=" + *address;
  return "for=\"[" + *address + "]\"";
}

std::string forwarded_value(const Hop& hop) {
  const std::vector<std::string_view> all = split_list(hop.list);
  std::string value;
  for (size_t i = hop.forwarded_before && !all.empty() ? all.size() - 1 : 0; i < all.size(); ++i)
    value.append(value.empty() ? "" : ", ").append(forwarded_node(all[i]));
  if (all.empty()) value = forwarded_node(hop.client_address);
  if (!hop.host.empty()) value.append(";host=\"").append(hop.host).append("\"");
  return value.append(";proto=").append(hop.scheme);
}

}  // namespace

std::vector<Field> end_to_end_fields(const Fields& fields,
                                     const std::vector<std::string_view>& also_drop) {
  return passed_fields(fields, also_drop, [](std::string_view) { return true; });
}

std::vector<Field> request_fields(const Fields& fields, const Sender& sender,
                                  const std::vector<std::string_view>& also_drop) {
  return passed_fields(fields, also_drop,
                       [&sender](std::string_view name) { return !is_claim(name, sender); });
}

void append_hop(std::string& head, const Hop& hop) {
  append_field(head, "X-Forwarded-For", hop.list.empty() ? hop.client_address : hop.list);
  append_field(head, "X-Forwarded-Proto", hop.scheme);
  if (!hop.host.empty()) append_field(head, "X-Forwarded-Host", hop.host);
  append_field(head, "X-Forwarded-Port", port_of(hop));
  append_field(head, "X-Client-Scheme", hop.scheme);
  if (hop.forwarded) append_field(head, "Forwarded", forwarded_value(hop));
  append_field(head, "Via", "1.1 " + std::string(hop.via));
}

bool is_loop(const Fields& received, std::string_view via) {
  for (const Field& field : received.all()) {
    if (!equals_ignoring_case(field.name, "Via")) continue;
    for (std::string_view element : split_list(field.value)) {
      if (equals_ignoring_case(received_by(element), via)) return true;
    }
  }
  return false;
}

}  // namespace proto::http1
