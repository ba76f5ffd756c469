// Where a redirect of an origin leads (RFC 3986 §5, RFC 9110 §15.4), and whether it may be
// followed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/document.h"
#include "proto/base/result.h"
#include "proto/http1/head.h"

namespace gateway::origin {

// An http or https URL, taken apart; ws and wss count as those.
struct Url {
  bool tls = false;
  std::string host;                  // lower case; an IPv6 literal has its brackets
  std::optional<uint16_t> port;      // as written; nothing: the scheme's
  std::string path_and_query = "/";  // begins with '/'

  uint16_t effective_port() const { return port.value_or(tls ? 443 : 80); }
  bool operator==(const Url&) const = default;
};

// "https://name:8443", without a port that is the scheme's.
std::string authority_of(const Url& url);

// Location as seen from `base`. Error: why it is none.
[[nodiscard]] proto::Result<Url, std::string> resolve_location(const Url& base,
                                                               std::string_view location);

// 301, 302, 303, 307, 308, and 300 with a Location. 305 and 304 are none.
[[nodiscard]] bool is_redirect(int status, const proto::http1::Fields& fields);

enum class Redirected : uint8_t {
  own,      // to the host that was asked, or another one of this domain, where its servers listen
  listed,   // to one of redirect_hosts, or a server of the origin by its own address or name
  foreign,  // to anybody else: the answer is the client's
};

// `home`: the host that our own server was asked by.
[[nodiscard]] Redirected judge_host(const std::vector<std::string>& own,
                                    const config::Origin& origin, std::string_view home,
                                    const Url& url);

// Where a server listens for what `url`, a URL of its domain, names. `own`: the port that the
// server names itself. Nothing: at no port of the configuration, and whatever else runs on that
// machine is not the origin.
[[nodiscard]] std::optional<uint16_t> port_at(const config::Origin& origin,
                                              std::optional<uint16_t> own, const Url& url);

// The way of one request: how far it has come, and that it does not walk in circles.
class RedirectChain {
 public:
  explicit RedirectChain(uint32_t most) : most_(most) {}

  // Error: the limit is reached, the url was there before, or it leads from https to http.
  [[nodiscard]] std::optional<std::string> step(const Url& from, const Url& to);
  size_t length() const { return been_.size(); }

 private:
  uint32_t most_;
  std::vector<Url> been_;
};

}  // namespace gateway::origin
