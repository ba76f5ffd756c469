// The keys below `origin:`; pool_keys.cc, origin_tls_keys.cc and credentials_keys.cc have those of
// its maps.
#include <algorithm>

#include "gateway/config/addresses.h"
#include "gateway/config/key.h"
#include "gateway/config/keys.h"
#include "gateway/config/lookalike.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/names.h"
#include "gateway/config/paths.h"
#include "gateway/config/yaml_lines.h"
#include "proto/base/host.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using proto::Unexpected;
using ParsedText = proto::Result<std::string, std::string>;

constexpr std::string_view kHostWords[] = {"client", "origin"};
constexpr std::string_view kSniWords[] = {"host"};
constexpr Range kCandidates = {1, 16};
constexpr Range kPort = {1, 65'535};
constexpr Range kRedirectHosts = {0, 100};
constexpr Range kSources = {0, 64};
constexpr Range kDenied = {0, 1000};
constexpr size_t kLongestName = 128;
constexpr Duration kStep{100ms, 60s};
constexpr Duration kWhole{1s, 900s};

// A word that was meant as one of `words` but mistyped must not become the name of a host.
bool is_fixed_name(const MapReader& map, std::string_view key, const std::string& value,
                   std::span<const std::string_view> words) {
  const std::string allowed = "; allowed is " + one_of(words) + ", or a fixed name";
  if (auto near = nearest(value, words); near && value.find('.') == std::string::npos) {
    map.error(key, in_quotes(value) + " is not known here: did you mean " + in_quotes(*near) + "?" +
                       allowed);
    return false;
  }
  if (auto problem = host_name_problem(proto::without_root(value))) {
    map.error(key, in_quotes(value) + ' ' + *problem + allowed);
    return false;
  }
  return true;
}

void read_host_header(const MapReader& map, std::string_view key, Origin& origin) {
  const auto value = map.scalar(key);
  if (!value) return;
  if (*value == "client" || *value == "origin") {
    origin.host_header = *value == "client" ? Origin::Host::client : Origin::Host::origin;
    origin.fixed_host.clear();
  } else if (is_fixed_name(map, key, *value, kHostWords)) {
    origin.host_header = Origin::Host::fixed;
    origin.fixed_host = proto::canonical_host(*value);
  }
}

std::string shown_host_header(const Origin& origin) {
  switch (origin.host_header) {
    case Origin::Host::client:
      return "client";
    case Origin::Host::origin:
      return "origin";
    case Origin::Host::fixed:
      break;
  }
  return quote(origin.fixed_host);
}

void read_sni(const MapReader& map, std::string_view key, std::optional<std::string>& sni) {
  const auto value = map.scalar(key);
  if (!value) return;
  if (*value == "host") {
    sni.reset();
  } else if (is_ip(*value)) {
    map.error(key, "a TLS server name cannot be an IP address (RFC 6066 §3)");
  } else if (is_fixed_name(map, key, *value, kSniWords)) {
    sni = proto::canonical_host(*value);
  }
}

std::string shown_sni(const std::optional<std::string>& sni) { return sni ? quote(*sni) : "host"; }

void read_candidates(const MapReader& map, std::string_view key, std::vector<uint16_t>& ports) {
  std::vector<uint16_t> candidates;
  const auto add = [&](const Node& item, const std::string& path) {
    const auto port = number_of(map, item, path, kPort);
    if (!port) return;
    const auto value = static_cast<uint16_t>(*port);
    if (std::find(candidates.begin(), candidates.end(), value) != candidates.end()) {
      map.error(item, path, "port " + std::to_string(value) + " is listed twice");
    }
    candidates.push_back(value);
  };
  const Node* const node = map.find(key);
  if (node != nullptr && node->kind == Node::Kind::sequence) {
    map.list(key, kCandidates, add);
  } else if (node != nullptr) {
    add(*node, map.path_of(key));
  }
  if (!candidates.empty()) ports = std::move(candidates);
}

bool can_be_name(HashOn::Source source, std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return false;
  return source == HashOn::Source::query ? is_query_name(name) : proto::is_token(name);
}

// "client_ip", or "cookie:sid".
void read_hash_on(const MapReader& map, std::string_view key, HashOn& hash_on) {
  constexpr std::string_view kForms =
      "; allowed is client_ip, \"header:NAME\", \"cookie:NAME\" or \"query:NAME\"";
  constexpr const auto& kHashSources = kWords<HashOn::Source>;
  const auto value = map.scalar(key);
  if (!value) return;
  const size_t colon = value->find(':');
  const bool named = colon != std::string::npos;
  const auto* const known = std::ranges::find(
      kHashSources, std::string_view(*value).substr(0, colon), &Word<HashOn::Source>::text);
  if (known == kHashSources.end() || named == (known->value == HashOn::Source::client_ip)) {
    return map.error(key, in_quotes(*value) + " is not known here" + std::string(kForms));
  }
  std::string name = named ? value->substr(colon + 1) : "";
  if (named && !can_be_name(known->value, name)) {
    return map.error(key, in_quotes(name) + " is not the name of a " + std::string(known->text) +
                              std::string(kForms));
  }
  const bool header = known->value == HashOn::Source::header;
  hash_on = {known->value, header ? proto::to_lower(name) : std::move(name)};
}

std::string shown_hash_on(const HashOn& hash_on) {
  const std::string out(text_of_word(hash_on.source));
  return quote(hash_on.name.empty() ? out : out + ':' + hash_on.name);
}

ParsedText parse_redirect_host(std::string_view text) {
  const auto problem = domain_name_problem(proto::without_root(text));
  if (problem) return Unexpected{in_quotes(text) + ' ' + *problem};
  return proto::canonical_host(text);
}

void read_redirect_hosts(const MapReader& map, std::string_view key,
                         std::vector<std::string>& hosts) {
  if (auto given = list_of<std::string>(map, key, kRedirectHosts, parse_redirect_host))
    hosts = std::move(*given);
}

ParsedText parse_source(std::string_view text) {
  std::string ip = canonical_ip(text);
  if (is_ip(ip) && ip != "0.0.0.0" && ip != "::") return ip;
  return Unexpected{in_quotes(text) +
                    " is not an IP address of this machine: write one such as \"192.0.2.10\" or "
                    "\"2001:db8::10\"" +
                    what_was_meant(text)};
}

void read_sources(const MapReader& map, std::string_view key, std::vector<std::string>& sources) {
  std::vector<std::string> seen;
  const auto parse = [&seen](std::string_view text) -> ParsedText {
    auto ip = parse_source(text);
    if (ip && std::ranges::find(seen, *ip) != seen.end())
      return Unexpected{in_quotes(*ip) + " is listed twice"};
    if (ip) seen.push_back(*ip);
    return ip;
  };
  if (auto given = list_of<std::string>(map, key, kSources, parse)) sources = std::move(*given);
}

void read_denied(const MapReader& map, std::string_view key, std::vector<Network>& networks) {
  if (auto given = list_of<Network>(map, key, kDenied, parse_network)) networks = std::move(*given);
}

constexpr Grammar<&read_candidates, &quote_all<uint16_t>> kPorts{
    "port, or list of 1 to 16 ports", R"({"$ref": "#/definitions/ports"})"};

constexpr Field kPortKeys[] = {
    key<&Origin::http_ports>("http", kPorts, "Of http; several are tried in order."),
    key<&Origin::https_ports>("https", kPorts, "Of https; several are tried in order."),
};
Table port_keys() { return part_of<Origin>(kPortKeys, Layout::line); }

constexpr Field kOriginKeys[] = {
    key<&Origin::builtin>("builtin", OneOf{},
                          "echo: no servers, Weir answers every message with the same message."),
    key<&Origin::protocol>("protocol", OneOf{},
                           "follow: https for wss clients, http for ws clients; follow_port: https "
                           "to port 443.",
                           {.also = "scheme"}),
    key<&Origin::host_header, &Origin::fixed_host>(
        "host_header",
        Grammar<&read_host_header, &shown_host_header>{
            "client, origin or a name", R"({"type": "string", "minLength": 1, "maxLength": 255})"},
        "The Host that the origin sees: client (what the client sent), origin (the server's name), "
        "or a fixed name."),
    key<&Origin::sni>(
        "sni",
        Grammar<&read_sni, &shown_sni>{"host or a name",
                                       R"({"type": "string", "minLength": 1, "maxLength": 255})"},
        "The TLS server name: host (the Host that is sent), or a fixed name."),
    group<port_keys>("ports", "For servers that are written without a port."),
    key<&Origin::servers>("servers", ListOfMaps{1, 20},
                          "A server gets sessions when all with a lower priority number are down.",
                          {.also = "backends upstreams origins"}),
    key<&Origin::balance>(
        "balance", OneOf{},
        "Among servers of one priority. weighted: in turn, by weight; "
        "least_sessions: who has the fewest for its weight; hash: the same server "
        "for the same client; performance: the fastest that is not busy.",
        {.also = "load_balancing lb_policy"}),
    key<&Origin::hash_on>(
        "hash_on",
        Grammar<&read_hash_on, &shown_hash_on>{
            "client_ip, header:NAME, cookie:NAME or query:NAME",
            R"({"type": "string", "pattern": "^(client_ip|(header|cookie|query):.+)$"})"},
        "With balance: hash. A request without one counts by client_ip."),
    key<&Origin::health>("health", SubOrOff{}, "Each server is asked whether it works.",
                         {.effect = Effect::live, .also = "health_check healthcheck"}),
    key<&Origin::ejection>("ejection", SubOrOff{},
                           "A server that sessions find failing, by connect failures and 5xx, gets "
                           "none for a while.",
                           {.also = "outlier_detection"}),
    key<&Origin::retries>("retries", Sub{},
                          "Before the session is open, and within establish_timeout."),
    key<&Origin::warm>("warm", Count{0, 64},
                       "Idle connections for each server and worker, made before a client needs "
                       "them.",
                       {.effect = Effect::live, .also = "keepalive_connections"}),
    key<&Origin::warm_idle>("warm_idle", Duration{1s, 10min},
                            "An older one is replaced; keep it below the origin's own idle limit.",
                            {.effect = Effect::live}),
    key<&Origin::reuse>("reuse", Sub{},
                        "Whether a connection to the origin may serve one plain request after the "
                        "other.",
                        {.also = "connection_reuse"}),
    key<&Origin::sticky>("sticky", SubOrOff{.brief = true},
                         "All requests of one client, plain ones and handshakes, come to the same "
                         "server.",
                         {.also = "session_affinity affinity persistence"}),
    key<&Origin::resolve>("resolve", Sub{},
                          "How long an answer of DNS is kept, whatever it says itself."),
    key<&Origin::tls>("tls", Sub{}, "Of https."),
    key<&Origin::connect_timeout>("connect_timeout", kStep, "TCP.",
                                  {.also = "proxy_connect_timeout"}),
    key<&Origin::io_timeout>("io_timeout", kStep,
                             "Each step: TLS handshake, a forward proxy's answer, the next byte of "
                             "an answer that has begun."),
    key<&Origin::request_timeout>("request_timeout", kWhole,
                                  "From the request to the complete response head; above 150s with "
                                  "a warning."),
    key<&Origin::establish_timeout>("establish_timeout", kWhole,
                                    "Everything before the session is open."),
    key<&Origin::max_response_head>("max_response_head", Size{1'024, 65'536},
                                    "Of the head of an answer."),
    key<&Origin::max_response_headers>("max_response_headers", Count{10, 1'000},
                                       "Fields in the head of an answer."),
    key<&Origin::max_redirects>("max_redirects", Count{0, 20},
                                "0: a redirect is passed to the client.",
                                {.also = "redirects max_redirections"}),
    key<&Origin::redirect_hosts>(
        "redirect_hosts",
        Grammar<&read_redirect_hosts, &quote_all<std::string>>{
            "list of 0 to 100 host names",
            R"({"type": "array", "maxItems": 100, "items": {"$ref": "#/definitions/name"}})"},
        "Hosts beside the domain's own and its servers that a redirect may lead to: names, or "
        "*.example.net."),
    key<&Origin::auth>("auth", SubOrOff{},
                       "For the origin's 401, which is the client's where this is off.",
                       {.also = "basic_auth"}),
    key<&Origin::forward_proxy>("forward_proxy", SubOrOff{},
                                "A proxy on the way to the origin, spoken to with CONNECT.",
                                {.also = "proxy http_proxy"}),
    key<&Origin::proxy_protocol>("proxy_protocol", OneOf{},
                                 "A PROXY header tells the origin the client's address; not with "
                                 "warm.",
                                 {.also = "send_proxy"}),
    key<&Origin::source>("source",
                         Grammar<&read_sources, &quote_all<std::string>>{
                             "list of 0 to 64 IP addresses",
                             R"({"type": "array", "maxItems": 64, "uniqueItems": true,
                "items": {"type": "string", "pattern": "^[0-9A-Fa-f:.]+$"}})"},
                         "Addresses of this machine to connect from.",
                         {.also = "proxy_bind source_address"}),
    key<&Origin::deny_addresses>(
        "deny_addresses",
        Grammar<&read_denied, &quote_all<Network>>{"list of 0 to 1000 networks",
                                                   R"({"type": "array", "maxItems": 1000,
                "items": {"type": "string", "pattern": "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"}})"},
        "Networks that DNS may not lead to. An address that is written in the configuration, "
        "localhost and what stands in /etc/hosts are not asked about.",
        {.usual = "loopback, link-local and other addresses of cloud metadata, multicast, "
                  "broadcast, unspecified"}),
};

}  // namespace

Table keys(Of<Origin>) { return table_of<Origin>(kOriginKeys); }

}  // namespace gateway::config
