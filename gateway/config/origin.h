// The part of a domain that says where its sessions go and how: what stands below `origin:`, with
// every default. Names are those of the YAML; nothing is "off" or "none".
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/http.h"
#include "gateway/config/network.h"
#include "gateway/config/position.h"

namespace gateway::config {

using std::chrono::milliseconds;

enum class TlsVersion { tls1_2, tls1_3 };

struct Server {
  std::string host;  // IP literal, or name: all of its A and AAAA records. "name.example." is
                     // looked up as it is, without a search list
  std::optional<uint16_t> port;  // nothing: by origin.ports
  uint32_t priority = 20;        // lower ones first, the next only when all of these are down
  uint32_t weight = 10;          // the share among servers of one priority
  Position place;

  bool operator==(const Server&) const = default;
};

// The key that `balance: hash` takes.
struct HashOn {
  enum class Source { client_ip, header, cookie, query };
  Source source = Source::client_ip;
  std::string name;  // of the header (lower case), cookie or query parameter; "cookie:sid"

  bool operator==(const HashOn&) const = default;
};

// Status codes, both ends included: "200-399", or "204" alone.
struct StatusRange {
  uint32_t first = 200;
  uint32_t last = 399;

  bool operator==(const StatusRange&) const = default;
};

// Active checks of each address.
struct Health {
  enum class Type { tcp, http, websocket };
  Type type = Type::tcp;
  milliseconds interval{2'500};
  milliseconds timeout{2'000};  // one whole check
  uint32_t fall = 3;            // failures in a row: down
  uint32_t rise = 1;            // successes in a row: up
  std::string path = "/";       // of http and websocket; may have a query
  std::string host;  // the Host field of a check. The reader fills it in: host_header when that is
                     // a fixed name, else the domain's first name. Empty: the server's own, since
                     // host_header is origin.
  std::vector<StatusRange> expect{{}};  // of http; never empty

  bool operator==(const Health&) const = default;
};

// Passive: what sessions met, connect failures and 5xx.
struct Ejection {
  uint32_t failures = 3;  // in a row
  milliseconds time{10'000};

  bool operator==(const Ejection&) const = default;
};

struct Retries {
  double budget_percent = 20;  // of the requests
  uint32_t attempts = 20;      // further servers or addresses after the first

  bool operator==(const Retries&) const = default;
};

// Floor and ceiling of a DNS answer's time to live.
struct Resolve {
  milliseconds min{1'000};
  milliseconds max{300'000};  // not below min

  bool operator==(const Resolve&) const = default;
};

// The SHA-256 of a certificate's SubjectPublicKeyInfo.
using Pin = std::array<uint8_t, 32>;

struct OriginTls {
  bool verify = true;              // chain and host name
  std::string ca = "system";       // "system", or "file:" and the absolute path of PEM certificates
  std::vector<Pin> pins;           // one must be in the chain, beside verify
  std::string client_certificate;  // path, PEM chain; empty: none
  std::string client_key;          // path, PEM; both or none
  TlsVersion min_version = TlsVersion::tls1_2;
  bool legacy_ciphers = false;  // with TLS 1.2 also CBC and static RSA

  bool operator==(const OriginTls&) const = default;
};

// For the challenges of an origin or a forward proxy.
struct Credentials {
  std::string username;
  std::string password;
  // The reference it was read from, "file:/path" or "${ENV_NAME}"; empty: the password itself was
  // written.
  std::string password_source;
  std::string realm;   // answer no other realm; empty: any
  bool digest = true;  // schemes: [digest, basic]
  bool basic = true;

  bool operator==(const Credentials&) const = default;
};

struct OriginAuth {
  Credentials credentials;
  bool allow_basic_plaintext = false;  // answer Basic over http, too

  bool operator==(const OriginAuth&) const = default;
};

struct ForwardProxy {
  std::string host;
  uint16_t port = 80;
  std::optional<Credentials> credentials;   // nothing: the proxy asks for none
  std::vector<std::string> no_proxy_names;  // lower case; "a.example.net" or "*.example.net"
  std::vector<Network> no_proxy_networks;
  Position place;

  // True when `server_host`, a server as it is configured, is to be reached without the proxy.
  [[nodiscard]] bool is_direct(std::string_view server_host) const;

  bool operator==(const ForwardProxy&) const = default;
};

// This network, loopback, link-local and other addresses where clouds keep their metadata,
// multicast and broadcast: no origin is there, unless the operator says so. Private networks are
// where origins live.
const std::vector<Network>& default_deny_addresses();

struct Origin {
  enum class Builtin { none, echo };
  enum class Protocol { follow, http, https, follow_port };
  enum class Host { client, origin, fixed };
  enum class Balance { weighted, least_sessions, hash, performance };
  enum class ProxyProtocol { off, v1, v2 };
  Builtin builtin = Builtin::none;  // echo: no servers, a test endpoint inside Weir
  Protocol protocol = Protocol::follow;
  Host host_header = Host::client;
  std::string fixed_host;                // when host_header is fixed
  std::optional<std::string> sni;        // a fixed name; nothing: the Host that is sent
  std::vector<uint16_t> http_ports{80};  // candidates in order; never empty
  std::vector<uint16_t> https_ports{443};
  std::vector<Server> servers;  // none where builtin
  Balance balance = Balance::weighted;
  HashOn hash_on;
  std::optional<Health> health = Health{};
  std::optional<Ejection> ejection = Ejection{};
  Retries retries;
  uint32_t warm = 0;               // idle connections for each server and worker
  milliseconds warm_idle{30'000};  // an older one is replaced
  Reuse reuse;                     // of connections that plain requests went over
  std::optional<Sticky> sticky;
  Resolve resolve;
  OriginTls tls;
  milliseconds connect_timeout{10'000};  // TCP
  milliseconds io_timeout{5'000};  // each step: TLS handshake, a forward proxy's answer, the next
                                   // byte of an answer that has begun
  milliseconds request_timeout{30'000};    // request sent to complete response head
  milliseconds establish_timeout{60'000};  // everything up to the 101
  uint64_t max_response_head = 16'384;
  uint64_t max_response_headers = 200;
  uint32_t max_redirects = 20;              // 0: a redirect is passed to the client
  std::vector<std::string> redirect_hosts;  // lower case, beside the domain's own
  std::optional<OriginAuth> auth;  // nothing: the client's own Authorization passes through
  std::optional<ForwardProxy> forward_proxy;
  ProxyProtocol proxy_protocol = ProxyProtocol::off;  // the header that is sent to the origin
  std::vector<std::string> source;                    // IP addresses to connect from
  // Addresses that DNS gives for a name are not connected to when they are in one of these. What
  // stands in the configuration as an address is the operator's own choice, and so is what stands
  // in /etc/hosts, and localhost. Our own listeners are never connected to for a name of DNS or a
  // redirect.
  std::vector<Network> deny_addresses = default_deny_addresses();

  bool operator==(const Origin&) const = default;
};

}  // namespace gateway::config
