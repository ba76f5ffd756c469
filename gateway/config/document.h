// The two files that an operator edits, as plain structs with every default; origin.h has those
// below `origin:`. Names are those of the YAML. Times are milliseconds, sizes bytes; nothing is
// "off" or "none". What a key is for and what may be written, the tables know (field.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/key_places.h"
#include "gateway/config/network.h"
#include "gateway/config/origin.h"
#include "gateway/config/position.h"
#include "gateway/config/shared_list.h"

namespace gateway::config {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A mistake of the operator. A warning stops nothing, except with --strict.
struct Problem {
  Position place;
  std::string path;  // "domains[0].websocket.connection_timeout"
  std::string text;  // what is wrong, what is allowed, did you mean
  bool warning = false;
  std::string code;  // of warnings: W_TIMEOUT_ORDER
};

// "file:line:column: path: text", as compilers print it.
std::string to_string(const Problem& problem);

// As they are to be shown: warnings first, so that no error is lost above a page of them.
std::vector<Problem> errors_last(std::vector<Problem> problems);

// From here on: weir.yaml.

// The listener's clients come through load balancers that say who they are.
struct ListenerProxyProtocol {
  std::vector<Network> trusted;  // a PROXY header is required from these, and refused from all
                                 // others, who may come without

  bool operator==(const ListenerProxyProtocol&) const = default;
};

struct Listener {
  enum class Mode { all, first_available };
  std::string name;                 // unique
  std::string address = "0.0.0.0";  // "::" is IPv6 alone (IPV6_V6ONLY), so both can be listed
  std::vector<uint16_t> ports;      // 0: any free port
  Mode mode = Mode::all;
  bool tls = false;  // certificate by SNI, from the domains
  std::optional<ListenerProxyProtocol> proxy_protocol;
  Position place;

  bool operator==(const Listener&) const = default;
};

struct Admin {
  std::string address = "127.0.0.1";
  uint16_t port = 9180;  // 0: any free port
  Position place;

  bool operator==(const Admin&) const = default;
};

struct AccessLog {
  enum class Format { json, dcdn };
  enum class Query { off, redacted };
  std::optional<std::string> path = "-";  // "-": standard output; else an absolute path
  Format format = Format::json;
  uint64_t queue = 4'194'304;  // of all workers
  Query query = Query::off;
  std::vector<std::string> redact;  // "x-*": all that begin so
  Position place;                   // of the path

  bool operator==(const AccessLog&) const = default;
};

struct Log {
  enum class Level { trace, debug, info, warning, error };
  AccessLog access;
  Level level = Level::info;  // of the program's own log

  bool operator==(const Log&) const = default;
};

struct Drain {
  milliseconds delay{0};
  seconds timeout{30};
  std::optional<uint32_t> close_rate;  // sessions a second; nothing: spread over the timeout

  bool operator==(const Drain&) const = default;
};

struct NodeLimits {
  milliseconds header_timeout{10'000};
  uint64_t max_head = 16'384;
  uint64_t max_headers = 100;
  std::optional<uint64_t> max_connections;  // nothing: what the descriptor limit allows
  // Of a client's connection that carries plain requests.
  std::optional<milliseconds> keep_alive{75'000};         // between an answer and the next request
  std::optional<uint64_t> requests = 1000;                // on one connection
  std::optional<milliseconds> connection_age{3'600'000};  // of the whole

  bool operator==(const NodeLimits&) const = default;
};

// A fleet's central store of usage.
struct Postgres {
  std::string url;         // may hold a password
  std::string url_source;  // the reference it was read from, "file:/path" or "${ENV_NAME}"; empty:
                           // the url itself was written
  milliseconds timeout{10'000};

  bool operator==(const Postgres&) const = default;
};

// Metering, kept below state_dir.
struct Usage {
  milliseconds flush_interval{1'000};
  milliseconds interim_interval{300'000};
  milliseconds keep{std::chrono::hours{24 * 93}};
  bool sessions = true;
  std::optional<Postgres> postgres;  // nothing: this node's ledger alone
  Position place;

  bool operator==(const Usage&) const = default;
};

// The DNS servers that are asked for the addresses of names.
struct NameServers {
  std::vector<std::string> servers;  // with their ports; none: those of /etc/resolv.conf
  milliseconds timeout{2'000};       // of the first try; each doubles it
  uint32_t tries = 3;                // of each server

  bool operator==(const NameServers&) const = default;
};

struct Reload {
  bool on_change = false;

  bool operator==(const Reload&) const = default;
};

// From here on: domains/*.yaml.

struct PerLeg {
  std::optional<milliseconds> client;
  std::optional<milliseconds> origin;

  bool operator==(const PerLeg&) const = default;
};

struct Keepalive {
  std::optional<milliseconds> interval;
  milliseconds timeout{10'000};

  bool operator==(const Keepalive&) const = default;
};

struct MaxLifetime {
  std::optional<milliseconds> after;
  double jitter_percent = 10;  // taken off at random

  bool operator==(const MaxLifetime&) const = default;
};

// Of one whole message, in bytes as sent, compressed or not.
struct MaxMessage {
  std::optional<uint64_t> text;
  std::optional<uint64_t> binary;

  bool operator==(const MaxMessage&) const = default;
};

struct WebSocket {
  enum class OnDisable { keep, drain };
  bool enabled = false;
  milliseconds connection_timeout{60'000};     // B: no bytes from either peer for this long
  std::optional<milliseconds> client_timeout;  // A: what the clients use
  std::optional<milliseconds> origin_timeout;  // C: what the origin uses
  PerLeg read_idle;                            // nothing received from that peer
  PerLeg write_idle;                           // nothing sent to that peer
  Keepalive keepalive;
  MaxLifetime max_lifetime;
  // Bytes wait, and none is taken or acknowledged.
  std::optional<milliseconds> send_stall_timeout{20'000};
  // For a Close of ours to find its place and room, and then for the answer.
  milliseconds close_timeout{30'000};
  milliseconds abnormal_close_send_timeout{50};  // for the Close that tells of an error
  MaxMessage max_message;
  OnDisable on_disable = OnDisable::keep;
  bool require_tls = false;  // upgrades of clients that came without TLS are refused

  bool operator==(const WebSocket&) const = default;
};

struct Access {
  enum class Origins { same_host, any, listed };
  // May open: requests without an Origin field, and those of pages, http or https, that have
  // the request's own host. The page's port and scheme do not matter to same_host; they do where
  // origins are listed.
  Origins origins = Origins::same_host;
  std::vector<std::string> listed;  // whole origins, as proto::http1::to_string() writes them:
                                    // "https://app.example.com"

  bool operator==(const Access&) const = default;
};

struct DomainTls {
  using Version = TlsVersion;
  std::string certificate;  // path, PEM chain
  std::string key;          // path, PEM
  Version min_version = Version::tls1_2;

  bool operator==(const DomainTls&) const = default;
};

// The most that a domain may use up in a day or a month, UTC. Beyond the soft share: a warning in
// log and metric; beyond the whole: new upgrades are answered 429, cause quota.
struct Budget {
  enum class Period { day, month };
  std::optional<uint64_t> traffic;  // bytes of the billed direction
  std::optional<uint64_t> connection_seconds;
  std::optional<uint64_t> messages;  // both directions
  Period period = Period::month;
  double soft_percent = 80;  // of any of the limits
  bool close = false;        // open sessions are ended, too

  bool operator==(const Budget&) const = default;
};

// The domain of requests whose Host is nobody's: in usage, metrics and the log.
inline constexpr std::string_view kUnmatched = "_unmatched";

// How a domain is billed; what is counted does not depend on it.
struct DomainUsage {
  enum class Billing { traffic, peak_bandwidth };
  enum class Direction { out, both };
  Billing billing = Billing::traffic;
  Direction direction = Direction::out;  // out: edge to client
  double overhead_percent = 0;           // for TCP/IP headers, shown as a figure of its own
  bool deduct_undelivered = false;
  Budget budget;

  bool operator==(const DomainUsage&) const = default;
};

// Where the requests below a path go, in place of an origin.
struct RedirectTo {
  std::string to;  // "https://host", "https://host/path/" or a path; behind a slash at its end
                   // follows what the request's target has behind the route's prefix
  uint32_t status = 308;

  bool operator==(const RedirectTo&) const = default;
};
struct RespondWith {
  uint32_t status = 200;
  std::string body;
  std::string type = "text/plain; charset=utf-8";

  bool operator==(const RespondWith&) const = default;
};

// One of a domain's `routes`: what it says, over what the domain says.
struct RouteSettings {
  std::string path;  // the prefix
  Http http;
  WebSocket websocket;
  Origin origin;
  bool own_pool = false;  // its origin is another than the domain's
  std::optional<RedirectTo> redirect;
  std::optional<RespondWith> respond;
  Position place;
  KeyPlaces places;

  // Whether its requests go to an origin, or to the echo.
  [[nodiscard]] bool leads_to_origin() const { return !redirect && !respond; }

  bool operator==(const RouteSettings&) const = default;
};

struct Domain {
  enum class Kind { dcdn, cdn };
  std::vector<std::string> names;  // as proto::canonical_host() spells them
  std::string written;  // how the file writes the first name where that is another spelling of an
                        // IPv6 address, in lower case; empty: as it stands in names
  Kind kind = Kind::dcdn;
  bool http2 = false;
  bool dynamic_acceleration = true;  // acceleration: { dynamic }
  std::optional<DomainTls> tls;      // what a TLS listener presents for these names
  Http http;
  WebSocket websocket;
  Origin origin;
  std::vector<RouteSettings> routes;
  Access access;
  DomainUsage usage;
  Position place;
  KeyPlaces places;

  // The name in logs, metrics and the ledger: its first name as it is written, so that
  // what was counted under that stays in one place.
  [[nodiscard]] std::string label() const;

  bool operator==(const Domain&) const = default;
};

struct Document {
  uint32_t version = 1;
  std::string node;                         // default: the host name
  std::optional<uint32_t> workers;          // nothing: one for each core that may be used
  std::string state_dir = "/var/lib/weir";  // absolute
  std::vector<Listener> listeners;
  Admin admin;
  Log log;
  Drain drain;
  NodeLimits limits;
  std::vector<Network> trusted_proxies;  // who may say in a field who the client is
  std::string client_address_header = "X-Forwarded-For";
  Usage usage;
  NameServers resolver;
  Reload reload;
  SharedList<Domain> domains;
  std::vector<std::string> unmatched;  // patterns of domains: that match no file
  std::vector<std::string> files;      // every file that was read, weir.yaml first

  bool operator==(const Document&) const = default;
};

}  // namespace gateway::config
