// The two files that an operator edits, as plain structs: this is the manual of every key, with
// origin.h for those below `origin:`. Names are those of the YAML. Times are milliseconds, sizes
// bytes. nullopt is "off" or "none" where a field says so.
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
#include "gateway/config/place.h"
#include "gateway/config/shared_list.h"

namespace gateway::config {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What the operator did wrong. A warning stops nothing, except with --strict.
struct Problem {
  Place place;
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
  std::vector<Network> trusted;  // 1 to 1,000: a PROXY header is required from these, and refused
                                 // from all others, who may come without

  bool operator==(const ListenerProxyProtocol&) const = default;
};

struct Listener {
  enum class Mode { all, first_available };
  std::string name;  // required, unique; stands in log and metric
  std::string address =
      "0.0.0.0";  // IPv4 or IPv6 literal; "::" is IPv6 alone (IPV6_V6ONLY), so both can be listed
  std::vector<uint16_t> ports;  // 1 to 16 entries, 0 (any free port) to 65535
  Mode mode = Mode::all;  // all: every port is opened; first_available: the first that can be bound
  bool tls = false;       // certificate by SNI, from the domains
  std::optional<ListenerProxyProtocol> proxy_protocol;  // off
  Place place;

  bool operator==(const Listener&) const = default;
};

struct Admin {
  std::string address = "127.0.0.1";  // from `listen: "127.0.0.1:9180"`
  uint16_t port = 9180;               // 0: any free port
  Place place;

  bool operator==(const Admin&) const = default;
};

struct AccessLog {
  enum class Format { json, dcdn };
  enum class Query { off, redacted };
  std::optional<std::string> path = "-";  // "-": standard output; off: none; else a plain file, a
                                          // FIFO or a terminal, absolute
  Format format =
      Format::json;            // dcdn: its offline log lines, one for each ended session or refusal
  uint64_t queue = 4'194'304;  // 64 KiB to 1 GiB, of all workers: what waits to be written
  Query query = Query::off;    // redacted: uri_param, the request's query without what is secret
  std::vector<std::string> redact;  // up to 100 further names of query parameters that are secret;
                                    // "x-*": all that begin so
  Place place;                      // of the path

  bool operator==(const AccessLog&) const = default;
};

struct Log {
  enum class Level { trace, debug, info, warning, error };
  AccessLog access;
  Level level = Level::info;  // of the program's own log, on standard error

  bool operator==(const Log&) const = default;
};

struct Drain {
  milliseconds delay{
      0};  // 0 to 5 min: only /readyz tells of it so long, then clients are turned away
  seconds timeout{30};  // 0 to 1 h: how long open sessions are given then
  // Sessions closed a second, 1 to 1,000,000; auto: spread over the timeout. Bounds all mass
  // closes.
  std::optional<uint32_t> close_rate;

  bool operator==(const Drain&) const = default;
};

struct NodeLimits {
  milliseconds header_timeout{
      10'000};  // 100 ms to 5 min: connection accepted to request head complete, TLS included
  uint64_t max_head = 16'384;  // 1 KiB to 64 KiB
  uint64_t max_headers = 100;  // 10 to 1,000
  std::optional<uint64_t>
      max_connections;  // 1 to 10,000,000; auto: what the descriptor limit allows

  bool operator==(const NodeLimits&) const = default;
};

// A fleet's central store of usage.
struct Postgres {
  std::string url;  // required: postgresql://user:password@host/database, or libpq's "host=…
                    // dbname=…"; from file:/path or ${ENV_NAME}, since it may hold a password
  std::string url_source;  // the reference it was read from, "file:/path" or "${ENV_NAME}"; empty:
                           // the url itself was written
  milliseconds timeout{10'000};  // 1 s to 5 min: for a connection, and for a batch

  bool operator==(const Postgres&) const = default;
};

// What is counted is kept below state_dir.
struct Usage {
  milliseconds flush_interval{1'000};      // 100 ms to 60 s: what a power cut may take
  milliseconds interim_interval{300'000};  // 10 s to 1 d: between two records of an open session
  milliseconds keep{std::chrono::hours{24 * 93}};  // 1 d to 3,650 d
  bool sessions = true;                            // a record of each session beside the sums
  std::optional<Postgres> postgres;                // off: this node's ledger alone
  Place place;

  bool operator==(const Usage&) const = default;
};

// Who is asked for the addresses of names.
struct NameServers {
  std::vector<std::string> servers;  // up to 8, asked in this order: "10.0.0.2:53", "[::1]:5353";
                                     // none: those of /etc/resolv.conf
  milliseconds timeout{2'000};       // 100 ms to 30 s: for the first answer; each try doubles it
  uint32_t tries = 3;                // 1 to 10, of each server

  bool operator==(const NameServers&) const = default;
};

struct Reload {
  bool on_change =
      false;  // watch the files and reload when they have changed and then rested for a second

  bool operator==(const Reload&) const = default;
};

// From here on: domains/*.yaml.

struct PerLeg {
  std::optional<milliseconds> client;  // off; 1 s to 30 d
  std::optional<milliseconds> origin;

  bool operator==(const PerLeg&) const = default;
};

struct Keepalive {
  std::optional<milliseconds> interval;  // off; 1 s to 1 d: pings by the edge to the client
  milliseconds timeout{10'000};          // 100 ms to 5 min: the pong must be back

  bool operator==(const Keepalive&) const = default;
};

struct MaxLifetime {
  std::optional<milliseconds> after;  // off; 1 s to 365 d
  double jitter_percent = 10;  // 0 to 50: taken off at random, so that sessions do not end together

  bool operator==(const MaxLifetime&) const = default;
};

// Of one whole message, in bytes as sent, compressed or not.
struct MaxMessage {
  std::optional<uint64_t> text;  // off; 125 B to 1 GiB: beyond it 1009 to the sender
  std::optional<uint64_t> binary;

  bool operator==(const MaxMessage&) const = default;
};

struct WebSocket {
  enum class OnDisable { keep, drain };
  bool enabled = false;  // an upgrade on a domain where it is off is answered 403
  milliseconds connection_timeout{60'000};  // 1 s to 30 d: no bytes from either peer for this long
  std::optional<milliseconds>
      client_timeout;  // A: what the clients use; 1 s to 30 d; warn unless A <= B <= C
  std::optional<milliseconds> origin_timeout;  // C: what the origin uses
  PerLeg read_idle;                            // nothing received from that peer
  PerLeg write_idle;                           // nothing sent to that peer
  Keepalive keepalive;
  MaxLifetime max_lifetime;
  std::optional<milliseconds> send_stall_timeout{
      20'000};  // 100 ms to 1 h; -1 or off: never. Bytes wait, and none is taken or acknowledged
  // For a Close of ours to find its place and room, and then for the answer. 100 ms to 300 s; <= 0:
  // warning and the default (as Tomcat)
  milliseconds close_timeout{30'000};
  // For the Close that tells of an error. 1 ms to 10 s; <= 0: warning and the default
  milliseconds abnormal_close_send_timeout{50};
  MaxMessage max_message;
  OnDisable on_disable = OnDisable::keep;  // what a reload that disables does to open sessions

  bool operator==(const WebSocket&) const = default;
};

struct Access {
  enum class Origins { same_host, any, listed };
  // Who may open: requests without an Origin field, and those of pages, http or https, that have
  // the request's own host. The page's port and scheme do not matter to same_host; they do where
  // origins are listed.
  Origins origins = Origins::same_host;
  std::vector<std::string> listed;  // whole origins, as proto::http1::to_string() writes them:
                                    // "https://app.example.com"

  bool operator==(const Access&) const = default;
};

struct DomainTls {
  using Version = TlsVersion;
  std::string certificate;                // path (from file:/path), PEM chain
  std::string key;                        // path (from file:/path), PEM
  Version min_version = Version::tls1_2;  // "1.2" or "1.3"

  bool operator==(const DomainTls&) const = default;
};

// What a domain may use up in a day or a month, UTC. Beyond the soft share: a warning in log and
// metric; beyond the whole: new upgrades are answered 429, cause quota.
struct Budget {
  enum class Period { day, month };
  std::optional<uint64_t>
      traffic;  // off; 1MB to 1000PB, of the billed direction: "500GB", GB = 10^9
  std::optional<uint64_t> connection_seconds;  // off; 1 to 10^15
  std::optional<uint64_t> messages;            // off; 1 to 10^15, both directions
  Period period = Period::month;
  double soft_percent = 80;  // soft: 1% to 100% of any of the limits
  bool close = false;        // open sessions are ended, too, with 1008

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
  double overhead_percent = 0;      // 0 to 20: for TCP/IP headers, shown as a figure of its own
  bool deduct_undelivered = false;  // what a lost client did not acknowledge is not billed
  Budget budget;

  bool operator==(const DomainUsage&) const = default;
};

struct Domain {
  enum class Kind { dcdn, cdn };
  std::vector<std::string> names;  // 1 to 100: "chat.example.com", "*.chat.example.com"; exact
                                   // beats wildcard. Each as proto::canonical_host() spells it
  std::string written;  // how the file writes the first name where that is another spelling of an
                        // IPv6 address, in lower case; empty: as it stands in names
  Kind kind = Kind::dcdn;  // cdn: WebSocket cannot be enabled
  bool http2 = false;      // with websocket.enabled: an error
  bool dynamic_acceleration =
      true;  // acceleration: { dynamic }; false with websocket.enabled: an error
  std::optional<DomainTls> tls;  // what a TLS listener presents for these names
  WebSocket websocket;
  Origin origin;
  Access access;
  DomainUsage usage;
  Place place;
  KeyPlaces places;

  // What it is called in logs, metrics and the ledger: its first name as it is written, so that
  // what was counted under that stays in one place.
  [[nodiscard]] std::string label() const;

  bool operator==(const Domain&) const = default;
};

struct Document {
  uint32_t version = 1;
  std::string node;  // default: the host name; in logs and usage records; 1 to 64 of [A-Za-z0-9._-]
  std::optional<uint32_t> workers;          // 1 to 256; auto: one for each core that may be used
  std::string state_dir = "/var/lib/weir";  // absolute
  std::vector<Listener> listeners;          // at least one
  Admin admin;
  Log log;
  Drain drain;
  NodeLimits limits;
  Usage usage;
  NameServers resolver;
  Reload reload;
  SharedList<Domain> domains;
  std::vector<std::string> unmatched;  // patterns of domains: that match no file
  std::vector<std::string> files;      // every file that was read, weir.yaml first

  bool operator==(const Document&) const = default;
};

}  // namespace gateway::config
