#include "gateway/config/node_reader.h"

#include <algorithm>
#include <array>
#include <unistd.h>
#include <utility>

#include "gateway/config/addresses.h"
#include "gateway/config/lookalike.h"
#include "gateway/config/paths.h"
#include "gateway/config/usage_reader.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

constexpr Range kListeners = {1, 64};
constexpr Range kPorts = {1, 16};
constexpr Range kPort = {0, 65535};
constexpr Range kWorkers = {1, 256};
constexpr Range kCloseRate = {1, 1'000'000};
constexpr Range kConnections = {1, 10'000'000};
constexpr Range kLogQueue = {64 * 1024, 1024 * 1024 * 1024};
constexpr Range kRedacted = {0, 100};
constexpr Range kHead = {1'024, 65'536};
constexpr Range kHeaders = {10, 1000};
constexpr Range kSources = {0, 100'000};
constexpr Range kTrusted = {1, 1000};
constexpr Range kNameServers = {0, 8};
constexpr Range kNameTries = {1, 10};
constexpr uint16_t kDnsPort = 53;
constexpr TimeRange kNameTimeout = {100ms, 30'000ms};
constexpr TimeRange kHeaderTimeout = {100ms, 5min};
constexpr TimeRange kDrainDelay = {0ms, 5min};
constexpr TimeRange kDrainTimeout = {0ms, 1h};

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

// Names stand in logs, metrics and usage records, so they are kept to what none of these has to
// escape.
void read_plain_name(const Section& section, std::string_view key, std::string& out) {
  std::string name;
  if (!section.text(key, name)) return;
  if (!is_plain_name(name)) {
    section.error(
        key, in_quotes(name) + " is not a name; allowed is 1 to 64 letters, digits, '.', '_', '-'");
  }
  out = std::move(name);
}

std::string host_name() {
  std::array<char, 256> buffer{};
  if (gethostname(buffer.data(), buffer.size() - 1) != 0) return "weir";
  std::string name = std::string(buffer.data()).substr(0, 64);
  for (char& c : name) {
    if (!is_plain_name({&c, 1})) c = '-';
  }
  return name.empty() ? "weir" : name;
}

void read_ports(const Section& section, Listener& listener) {
  if (!section.has("ports")) {
    section.error("ports", "is missing: write a list, such as [80]");
  }
  section.list("ports", kPorts, [&](const Node& node, const std::string& path) {
    auto port = number_of(section, node, path, kPort);
    if (!port) return;
    auto value = static_cast<uint16_t>(*port);
    auto same = std::find(listener.ports.begin(), listener.ports.end(), value);
    if (value != 0 && same != listener.ports.end()) {
      section.error(node, path, "port " + std::to_string(value) + " is listed twice");
    }
    listener.ports.push_back(value);
  });
}

void read_proxy_protocol(const Section& section, std::vector<Network>& trusted) {
  if (!section.has("trusted")) {
    section.error("trusted",
                  "is missing: write the networks of your load balancers, such as [10.0.0.0/8]");
  }
  std::vector<Network> networks;
  bool given = section.list("trusted", kTrusted, [&](const Node& node, const std::string& path) {
    auto value = section.scalar(node, path);
    if (!value) return;
    auto network = parse_network(*value);
    if (!network) return section.error(node, path, network.error());
    networks.push_back(*network);
  });
  if (given) trusted = std::move(networks);
  auto everybody = [](const Network& network) { return network.prefix == 0; };
  if (std::any_of(trusted.begin(), trusted.end(), everybody)) {
    section.warn("trusted", "W_TRUSTS_EVERYBODY",
                 "every client may name any address as its own: list the networks of your load "
                 "balancers alone");
  }
}

Listener read_listener(const Section& section) {
  Listener listener;
  listener.place = section.place();
  if (!section.has("name")) section.error("name", "is missing: every listener needs one");
  read_plain_name(section, "name", listener.name);
  if (section.text("address", listener.address) && !is_ip(listener.address)) {
    section.error("address",
                  in_quotes(listener.address) +
                      " is not an IP address; write \"0.0.0.0\" for every IPv4 address or "
                      "\"::\" for every IPv6 address of this machine" +
                      what_was_meant(listener.address));
  }
  listener.address = canonical_ip(listener.address);
  read_ports(section, listener);
  section.choice("mode", listener.mode, kModes);
  section.boolean("tls", listener.tls);
  if (auto below = section.section_or_off("proxy_protocol", listener.proxy_protocol)) {
    read_proxy_protocol(*below, listener.proxy_protocol->trusted);
  }
  return listener;
}

void read_admin(const Section& section, Admin& admin) {
  admin.place = section.place();
  auto value = section.scalar("listen");
  if (!value) return;
  auto parts = parse_host_port(*value, 0);
  if (!parts || !parts->port || !is_ip(parts->host)) {
    return section.error("listen", in_quotes(*value) +
                                       " is not an IP address with a port: write "
                                       "\"127.0.0.1:9180\" or \"[::1]:9180\"" +
                                       (parts ? "" : "; " + parts.error()));
  }
  admin.address = std::move(parts->host);
  admin.port = *parts->port;
}

void read_redact(const Section& section, std::vector<std::string>& out) {
  std::vector<std::string> names;
  auto is_secret_name = [](std::string_view name) {
    if (name.ends_with('*')) name.remove_suffix(1);
    return is_plain_name(name);
  };
  bool given = section.list("redact", kRedacted, [&](const Node& node, const std::string& path) {
    auto name = section.scalar(node, path);
    if (!name) return;
    if (!is_secret_name(*name)) {
      section.error(
          node, path,
          in_quotes(*name) +
              " is no name of a query parameter; allowed is 1 to 64 letters, digits, '.', "
              "'_', '-', and a * at the end");
    }
    names.push_back(std::move(*name));
  });
  if (given) out = std::move(names);
}

void read_access_log(const Section& section, AccessLog& access) {
  access.place = section.place();
  std::string path;
  if (section.text("path", path)) {
    access.place = section.findings().place(section.find("path")->at);
    const bool named = path != "off" && path != "-";
    if (named) path = beside(section.findings().file(), path);
    access.path = path == "off" ? std::nullopt : std::optional(path);
  }
  section.choice("format", access.format, kLogFormats);
  section.size("queue", access.queue, kLogQueue);
  section.choice("query", access.query, kLogQueries);
  read_redact(section, access.redact);
  if (access.query == AccessLog::Query::redacted && access.format == AccessLog::Format::dcdn) {
    section.warn("query", "W_NO_QUERY",
                 "has no effect: DCDN's lines have no query; use format: json");
  }
}

void read_log(const Section& section, Log& log) {
  section.choice("level", log.level, kLogLevels);
  auto access = section.section("access");
  if (!access) return;
  read_access_log(*access, log.access);
}

void read_drain(const Section& section, Drain& drain) {
  section.duration("delay", drain.delay, kDrainDelay);
  milliseconds timeout = drain.timeout;
  if (section.duration("timeout", timeout, kDrainTimeout)) {
    drain.timeout = std::chrono::duration_cast<seconds>(timeout);
    if (drain.timeout != timeout) section.error("timeout", "must be whole seconds");
  }
  std::optional<uint64_t> rate;
  section.number("close_rate", rate, kCloseRate, "auto");
  if (rate) drain.close_rate = static_cast<uint32_t>(*rate);
}

void read_limits(const Section& section, NodeLimits& limits) {
  section.duration("header_timeout", limits.header_timeout, kHeaderTimeout);
  section.size("max_head", limits.max_head, kHead);
  section.number("max_headers", limits.max_headers, kHeaders);
  section.number("max_connections", limits.max_connections, kConnections, "auto");
}

void read_name_server(const Section& section, const Node& node, const std::string& path,
                      std::vector<std::string>& servers) {
  auto value = section.scalar(node, path);
  if (!value) return;
  auto parts = parse_host_port(*value);
  if (!parts || !is_ip(parts->host)) {
    return section.error(node, path,
                         in_quotes(*value) +
                             " is not the address of a DNS server: write an IP address such as "
                             "10.0.0.2, with another port than 53 as \"10.0.0.2:5353\"" +
                             (parts ? "" : "; " + parts.error()));
  }
  std::string server = join_host_port(parts->host, parts->port.value_or(kDnsPort));
  if (std::find(servers.begin(), servers.end(), server) != servers.end()) {
    return section.error(node, path, in_quotes(server) + " is listed twice");
  }
  servers.push_back(std::move(server));
}

void read_resolver(const Section& section, NameServers& resolver) {
  section.list("servers", kNameServers, [&](const Node& node, const std::string& path) {
    read_name_server(section, node, path, resolver.servers);
  });
  section.duration("timeout", resolver.timeout, kNameTimeout);
  section.number("tries", resolver.tries, kNameTries);
}

Defaults read_defaults(const Section& section) {
  Defaults defaults;
  defaults.places = std::make_shared<KeyPlaces>(section);
  if (auto below = section.section("websocket", {Scope::domain, "websocket"})) {
    read_websocket(*below, defaults.websocket);
  }
  if (auto below = section.section("origin", {Scope::domain, "origin"})) {
    read_origin(*below, defaults.origin);
  }
  if (auto below = section.section("access", {Scope::domain, "access"})) {
    read_access(*below, defaults.access);
  }
  if (auto below = section.section("usage", {Scope::domain, "usage"})) {
    read_domain_usage(*below, defaults.usage);
  }
  return defaults;
}

void add_source(const Section& section, const Node& node, const std::string& path,
                std::vector<DomainSource>& out) {
  if (node.kind == Node::Kind::map) {
    out.push_back({&node, {}, path, node.at});
  } else if (auto pattern = section.scalar(node, path)) {
    out.push_back({nullptr, std::move(*pattern), path, node.at});
  }
}

std::vector<DomainSource> read_sources(const Section& section) {
  std::vector<DomainSource> sources;
  const Node* node = section.find("domains");
  if (node == nullptr) return sources;
  if (node->kind == Node::Kind::map) {
    section.error("domains",
                  "must be a list of domains, or a pattern of files such as domains/*.yaml");
  } else if (node->kind == Node::Kind::scalar || node->kind == Node::Kind::null) {
    add_source(section, *node, "domains", sources);
  } else {
    section.list("domains", kSources, [&](const Node& item, const std::string& path) {
      add_source(section, item, path, sources);
    });
  }
  return sources;
}

}  // namespace

NodeFile read_node(const Section& section, Document& document) {
  uint64_t version = document.version;
  section.number("version", version, {1, 1});
  document.node = host_name();
  read_plain_name(section, "node", document.node);
  std::optional<uint64_t> workers;
  section.number("workers", workers, kWorkers, "auto");
  if (workers) document.workers = static_cast<uint32_t>(*workers);
  if (section.text("state_dir", document.state_dir)) {
    document.state_dir = beside(section.findings().file(), document.state_dir);
  }
  if (!section.has("listeners")) {
    section.error("listeners",
                  "is missing: at least one is needed, such as { name: web, ports: [80] }");
  }
  section.list("listeners", kListeners, [&](const Node& node, const std::string& path) {
    document.listeners.push_back(read_listener(section.item(node, path, "listeners")));
  });
  if (auto admin = section.section("admin")) read_admin(*admin, document.admin);
  if (auto log = section.section("log")) read_log(*log, document.log);
  if (auto drain = section.section("drain")) read_drain(*drain, document.drain);
  if (auto limits = section.section("limits")) read_limits(*limits, document.limits);
  if (auto usage = section.section("usage")) read_usage(*usage, document.usage);
  if (auto resolver = section.section("resolver")) read_resolver(*resolver, document.resolver);
  if (auto reload = section.section("reload")) {
    reload->boolean("on_change", document.reload.on_change);
  }
  NodeFile file;
  if (auto defaults = section.section("defaults")) file.defaults = read_defaults(*defaults);
  file.domains = read_sources(section);
  return file;
}

}  // namespace gateway::config
