// The parts of a domain and of its routes that are about plain requests: what stands below `http:`,
// with every default. Names are those of the YAML; nothing is "off".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gateway::config {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Strict-Transport-Security (RFC 6797 §6.1).
struct Hsts {
  seconds max_age{std::chrono::hours{24 * 180}};
  bool include_subdomains = false;
  bool preload = false;

  bool operator==(const Hsts&) const = default;
};

// Plain requests of clients that came without TLS are sent to https.
struct RedirectHttps {
  uint32_t status = 308;  // 301, 302, 307, 308
  uint16_t port = 443;
  std::vector<std::string> except{"/.well-known/acme-challenge/"};  // path prefixes

  bool operator==(const RedirectHttps&) const = default;
};

// What may be asked again, of what has not reached the client.
struct HttpRetry {
  bool connect = true;  // no connection came to be
  bool stale = true;    // a kept connection was gone
  bool no_answer = false;
  bool on_502 = false;
  bool on_503 = false;
  bool on_504 = false;

  bool operator==(const HttpRetry&) const = default;
};

struct Http {
  // Whether a Location that a client behind TLS could not follow is put right.
  enum class Location { off, offload, origin };
  bool enabled = false;
  std::optional<uint64_t> max_body;                        // bytes
  milliseconds body_timeout{30'000};                       // no byte of a request's body
  std::optional<uint64_t> body_rate = 128;                 // bytes a second, over a minute
  milliseconds response_timeout{75'000};                   // no byte of the answer
  std::optional<milliseconds> event_timeout{600'000};      // the same, of text/event-stream
  std::optional<milliseconds> send_stall_timeout{20'000};  // bytes wait, and none is taken
  std::optional<milliseconds> max_duration;                // of the whole exchange
  std::optional<std::vector<std::string>> methods;         // nothing: any
  HttpRetry retry;
  Location location = Location::offload;
  bool secure_cookies = false;
  bool forwarded = false;  // RFC 7239, beside X-Forwarded-*
  std::optional<Hsts> hsts;
  std::optional<RedirectHttps> redirect_https;

  bool operator==(const Http&) const = default;
};

// Whether a connection to a server may serve one request after the other.
struct Reuse {
  enum class Mode { off, safe, always };
  Mode mode = Mode::safe;
  std::optional<milliseconds> idle;  // nothing: what the origin's Keep-Alive says, else 4 s
  uint32_t most = 64;                // idle ones for each server and worker
  uint32_t requests = 1000;          // of one connection
  milliseconds age{3'600'000};       // of a connection

  bool operator==(const Reuse&) const = default;
};

// How the requests of one client come to the same server.
struct Sticky {
  enum class By { cookie, client_ip, query, segment };
  enum class SameSite { strict, lax, none };
  By by = By::cookie;
  std::string name = {};  // of the cookie (empty: weir_ and 8 digits) or of the query's parameter
  uint32_t segment = 1;   // of the path behind the prefix, 1 to 8
  SameSite same_site = SameSite::lax;
  std::optional<seconds> max_age = {};  // nothing: for the browser's session
  std::string key_file = {};            // path; empty: a key of this node's own

  bool operator==(const Sticky&) const = default;
};

}  // namespace gateway::config
