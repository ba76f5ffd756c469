#include "proto/http1/client_address.h"

#include <algorithm>
#include <vector>

#include "proto/base/host.h"
#include "proto/base/text.h"
#include "proto/http1/target.h"

namespace proto::http1 {

namespace {

constexpr std::string_view kForwarded = "Forwarded";

// Takes the text behind the last separator off the end of `rest`. Quotes are counted from the
// right, too: one that somebody has left open on the left cannot swallow what a proxy has appended.
std::string_view take_last(std::string_view& rest, char separator, bool quotes) {
  bool quoted = false;
  size_t at = rest.size();
  for (; at > 0; --at) {
    const char c = rest[at - 1];
    if (quotes && c == '"') quoted = !quoted;
    if (c == separator && !quoted) break;
  }
  const std::string_view last = trim(rest.substr(at));
  rest = rest.substr(0, at == 0 ? 0 : at - 1);
  return last;
}

// The value of `for`; empty: there is none, or more than one.
std::string_view node_of(std::string_view element) {
  std::string_view node;
  while (!element.empty()) {
    const std::string_view pair = take_last(element, ';', true);
    const size_t equals = pair.find('=');
    if (!equals_ignoring_case(pair.substr(0, equals), "for")) continue;
    if (!node.empty() || equals == std::string_view::npos) return {};
    node = pair.substr(equals + 1);
  }
  if (node.size() >= 2 && node.starts_with('"') && node.ends_with('"'))
    node = node.substr(1, node.size() - 2);
  return node;
}

// Calls `use(element)` for each one that is not empty, the last one first, until it returns false.
template <class Use>
void for_each_backwards(const Fields& fields, std::string_view header, const Use& use) {
  const bool pairs = equals_ignoring_case(header, kForwarded);
  const std::vector<Field>& all = fields.all();
  for (auto field = all.rbegin(); field != all.rend(); ++field) {
    if (!equals_ignoring_case(field->name, header)) continue;
    std::string_view rest = field->value;
    while (!rest.empty()) {
      const std::string_view element = take_last(rest, ',', pairs);
      if (!element.empty() && !use(pairs ? node_of(element) : element)) return;
    }
  }
}

bool is_port(std::string_view text) {
  const auto port = parse_decimal(text);
  return port && *port <= 65535 && text.size() <= 5;
}

}  // namespace

std::optional<std::string> address_of(std::string_view element) {
  std::string_view host = element;
  std::string_view port;
  if (element.starts_with('[')) {
    const size_t bracket = element.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    host = element.substr(1, bracket - 1);
    port = element.substr(bracket + 1);
    if (host.find(':') == std::string_view::npos) return std::nullopt;
  } else if (std::ranges::count(element, ':') == 1) {
    host = element.substr(0, element.find(':'));
    port = element.substr(host.size());
  }
  if (!port.empty() && (port.front() != ':' || !is_port(port.substr(1)))) return std::nullopt;
  return canonical_ip(host);
}

std::string client_address(const Fields& fields, std::string_view header, std::string_view peer,
                           const IsTrusted& is_trusted) {
  std::string client(peer);
  size_t looked_at = 0;
  for_each_backwards(fields, header, [&](std::string_view element) {
    std::optional<std::string> address = address_of(element);
    if (!address) return false;
    client = *std::move(address);
    return ++looked_at < kMaxProxies && is_trusted(client);
  });
  return client;
}

std::string forwarded_list(const Fields& fields, std::string_view header) {
  if (!equals_ignoring_case(header, kForwarded)) return fields.joined(header);
  std::vector<std::string_view> nodes;
  for_each_backwards(fields, header, [&nodes](std::string_view node) {
    nodes.push_back(node.empty() ? "unknown" : node);
    return true;
  });
  std::string list;
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node)
    list.append(list.empty() ? "" : ", ").append(*node);
  return list;
}

std::optional<bool> forwarded_tls(const Fields& fields) {
  const std::string said = fields.joined("X-Forwarded-Proto");
  std::optional<bool> tls;
  for (const std::string_view scheme : split_list(said)) {
    const bool secure =
        equals_ignoring_case(scheme, "https") || equals_ignoring_case(scheme, "wss");
    const bool clear = equals_ignoring_case(scheme, "http") || equals_ignoring_case(scheme, "ws");
    if (!secure && !clear) return std::nullopt;
    tls = tls.value_or(true) && secure;
  }
  return tls;
}

std::string_view forwarded_host(const Fields& fields) {
  if (fields.count("X-Forwarded-Host") != 1) return {};
  const std::string_view host = *fields.first("X-Forwarded-Host");
  return parse_authority(host) ? host : std::string_view{};
}

}  // namespace proto::http1
