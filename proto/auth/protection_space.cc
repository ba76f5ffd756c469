#include "proto/auth/protection_space.h"

#include <algorithm>
#include <utility>

#include "proto/base/text.h"
#include "proto/http1/target.h"

namespace proto::auth {

namespace {

constexpr std::string_view kBlanks = " \t";

// Behind "http://" or "https://"; nothing: the text begins with neither.
std::optional<std::pair<bool, std::string_view>> after_scheme(std::string_view uri) {
  for (const bool tls : {false, true}) {
    const std::string_view scheme = tls ? "https://" : "http://";
    if (equals_ignoring_case(uri.substr(0, scheme.size()), scheme))
      return std::pair(tls, uri.substr(scheme.size()));
  }
  return std::nullopt;
}

}  // namespace

ProtectionSpace::ProtectionSpace(std::string_view domain) {
  while (true) {
    domain.remove_prefix(std::min(domain.find_first_not_of(kBlanks), domain.size()));
    if (domain.empty() || places_.size() == kMaxProtectedPlaces) return;
    const std::string_view uri = domain.substr(0, domain.find_first_of(kBlanks));
    domain.remove_prefix(uri.size());
    whole_ = false;
    if (auto place = read(uri)) places_.push_back(std::move(*place));
  }
}

std::optional<ProtectionSpace::Place> ProtectionSpace::read(std::string_view uri) {
  // "//host/path" would be a path for whoever asks it by its first octet.
  if (uri.starts_with('/') && !uri.starts_with("//")) return Place{std::nullopt, std::string(uri)};
  const auto rest = after_scheme(uri);
  if (!rest) return std::nullopt;
  const auto [tls, text] = *rest;
  const size_t end = std::min(text.find_first_of("/?#"), text.size());
  auto authority = http1::parse_authority(text.substr(0, end));
  if (!authority) return std::nullopt;
  const std::string_view path = text.substr(end);
  return Place{Server{.tls = tls,
                      .host = std::move(authority->host),
                      .port = authority->port.value_or(tls ? 443 : 80)},
               path.starts_with('/') ? std::string(path) : "/" + std::string(path)};
}

bool ProtectionSpace::holds(std::string_view server, std::string_view uri) const {
  if (whole_) return true;
  const auto own = read(server);
  return std::ranges::any_of(places_, [&](const Place& place) {
    const bool here = !place.server || (own && own->server == place.server);
    return here && uri.starts_with(place.path);
  });
}

}  // namespace proto::auth
