#include "proto/http1/forwarding.h"

#include <algorithm>
#include <cstddef>

#include "proto/base/text.h"
#include "proto/http1/head_writer.h"

namespace proto::http1 {

namespace {

constexpr std::array<std::string_view, 7> kHopByHop = {
    "Connection", "Upgrade", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "HTTP2-Settings",
};

// Named by Connection, these stay: whoever could remove them could change who is asking, where
// from, or where the message ends.
constexpr std::array<std::string_view, 9> kKept = {
    "Host",          "Content-Length", "Via",       "Cookie",          "Set-Cookie",
    "Authorization", "Origin",         "Forwarded", "X-Client-Scheme",
};
constexpr std::array<std::string_view, 2> kKeptPrefixes = {"X-Forwarded-", "Sec-WebSocket-"};

bool begins_with(std::string_view name, std::string_view prefix) {
  return equals_ignoring_case(name.substr(0, prefix.size()), prefix);
}

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view other) { return equals_ignoring_case(other, name); });
}

bool is_hop_by_hop(std::string_view name) {
  return begins_with(name, "Proxy-") || contains(kHopByHop, name);
}

bool is_kept(std::string_view name) {
  return contains(kKept, name) ||
         std::any_of(kKeptPrefixes.begin(), kKeptPrefixes.end(),
                     [name](std::string_view prefix) { return begins_with(name, prefix); });
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

}  // namespace

std::vector<Field> end_to_end_fields(const Fields& fields,
                                     const std::vector<std::string_view>& also_drop) {
  const std::vector<std::string_view> named = named_by_connection(fields);
  std::vector<Field> passed;
  passed.reserve(fields.all().size());
  for (const Field& field : fields.all()) {
    const bool drop =
        is_hop_by_hop(field.name) || contains(named, field.name) || contains(also_drop, field.name);
    if (!drop) passed.push_back(field);
  }
  return passed;
}

void append_hop(std::string& head, const Fields& received, const Hop& hop) {
  const std::string_view host =
      hop.host.empty() ? received.first("Host").value_or(std::string_view{}) : hop.host;
  append_field(head, "X-Forwarded-For", hop.client_address);
  append_field(head, "X-Forwarded-Proto", hop.scheme);
  if (!host.empty()) append_field(head, "X-Forwarded-Host", host);
  append_field(head, "X-Client-Scheme", hop.scheme);
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
