#include <string>
#include <type_traits>
#include <utility>

#include "gateway/config/addresses.h"
#include "gateway/config/database_url.h"
#include "gateway/config/units.h"
#include "gateway/config/words.h"
#include "gateway/config/yaml_reader.h"

namespace gateway::config {

namespace {

// Quotes every text that came from outside, so that none of it can be read as something else.
std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    // The reader lets no control character through; a document built in code could have one.
    if (byte < 0x20 || byte == 0x7F) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

template <class T>
std::string quote_all(const std::vector<T>& items) {
  std::string out = "[";
  for (const T& item : items) {
    if (out.size() > 1) out += ", ";
    if constexpr (std::is_integral_v<T>) {
      out += std::to_string(item);
    } else {
      out += quote(item);
    }
  }
  return out + ']';
}

const char* truth(bool value) { return value ? "true" : "false"; }

std::string time_or_off(const std::optional<milliseconds>& time) {
  return time ? format_duration(*time) : "off";
}

template <class T>
std::string number_or_auto(const std::optional<T>& number) {
  return number ? std::to_string(*number) : "auto";
}

// Lines of YAML at a depth of two spaces each.
class Lines {
 public:
  void line(const std::string& text) { out_ += std::string(depth_, ' ') + text + '\n'; }
  void key(std::string_view name, std::string_view value) {
    line(std::string(name) + ": " + std::string(value));
  }
  void open(std::string_view name) {
    line(std::string(name) + ':');
    depth_ += 2;
  }
  // A list item whose keys follow on the next lines.
  void open_item(std::string_view name, std::string_view value) {
    line("- " + std::string(name) + ": " + std::string(value));
    depth_ += 2;
  }
  void close() { depth_ -= 2; }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  size_t depth_ = 0;
};

void print_listeners(Lines& lines, const std::vector<Listener>& listeners) {
  lines.open("listeners");
  for (const Listener& listener : listeners) {
    lines.open_item("name", quote(listener.name));
    lines.key("address", quote(listener.address));
    lines.key("ports", quote_all(listener.ports));
    lines.key("mode", text_of_word(kModes, listener.mode));
    lines.key("tls", truth(listener.tls));
    lines.close();
  }
  lines.close();
}

void print_usage(Lines& lines, const Usage& usage) {
  lines.open("usage");
  lines.key("flush_interval", format_duration(usage.flush_interval));
  lines.key("interim_interval", format_duration(usage.interim_interval));
  lines.key("keep", format_duration(usage.keep));
  lines.key("sessions", usage.sessions ? "on" : "off");
  if (usage.postgres) {
    const Postgres& postgres = *usage.postgres;
    // What is printed is shown around, so a password stays out of it.
    const std::string& source = postgres.url_source;
    lines.key("postgres",
              "{ url: " + quote(source.empty() ? without_password(postgres.url) : source) +
                  ", timeout: " + format_duration(postgres.timeout) + " }");
  } else {
    lines.key("postgres", "off");
  }
  lines.close();
}

void print_node(Lines& lines, const Document& document) {
  lines.key("version", std::to_string(document.version));
  lines.key("node", quote(document.node));
  lines.key("workers", number_or_auto(document.workers));
  lines.key("state_dir", quote(document.state_dir));
  print_listeners(lines, document.listeners);
  const Admin& admin = document.admin;
  lines.key("admin", "{ listen: " + quote(join_host_port(admin.address, admin.port)) + " }");
  const Log& log = document.log;
  lines.open("log");
  lines.key("access", "{ path: " + quote(log.access.path.value_or("off")) + ", format: " +
                          std::string(text_of_word(kLogFormats, log.access.format)) + " }");
  lines.key("level", text_of_word(kLogLevels, log.level));
  lines.close();
  lines.open("drain");
  lines.key("timeout", format_duration(document.drain.timeout));
  lines.key("close_rate", number_or_auto(document.drain.close_rate));
  lines.close();
  lines.open("limits");
  lines.key("header_timeout", format_duration(document.limits.header_timeout));
  lines.key("max_head", format_size(document.limits.max_head));
  lines.key("max_headers", std::to_string(document.limits.max_headers));
  lines.key("max_connections", number_or_auto(document.limits.max_connections));
  lines.close();
  print_usage(lines, document.usage);
  lines.key("reload",
            std::string("{ on_change: ") + (document.reload.on_change ? "on" : "off") + " }");
}

std::string per_leg(const PerLeg& legs) {
  return "{ client: " + time_or_off(legs.client) + ", origin: " + time_or_off(legs.origin) + " }";
}

void print_websocket(Lines& lines, const WebSocket& websocket) {
  lines.open("websocket");
  lines.key("enabled", truth(websocket.enabled));
  lines.key("connection_timeout", format_duration(websocket.connection_timeout));
  lines.key("client_timeout", time_or_off(websocket.client_timeout));
  lines.key("origin_timeout", time_or_off(websocket.origin_timeout));
  lines.key("read_idle", per_leg(websocket.read_idle));
  lines.key("write_idle", per_leg(websocket.write_idle));
  lines.key("keepalive", "{ interval: " + time_or_off(websocket.keepalive.interval) +
                             ", timeout: " + format_duration(websocket.keepalive.timeout) + " }");
  lines.key("max_lifetime", "{ after: " + time_or_off(websocket.max_lifetime.after) + ", jitter: " +
                                format_percent(websocket.max_lifetime.jitter_percent) + " }");
  lines.key("send_stall_timeout", time_or_off(websocket.send_stall_timeout));
  lines.key("close_timeout", format_duration(websocket.close_timeout));
  lines.key("abnormal_close_send_timeout", format_duration(websocket.abnormal_close_send_timeout));
  lines.key("on_disable", text_of_word(kOnDisable, websocket.on_disable));
  lines.close();
}

std::string host_header(const Origin& origin) {
  switch (origin.host_header) {
    case Origin::Host::client:
      return "client";
    case Origin::Host::origin:
      return "origin";
    case Origin::Host::fixed:
      return quote(origin.fixed_host);
  }
  return "client";
}

void print_servers(Lines& lines, const std::vector<Server>& servers) {
  // An empty list is an error to the reader, which asks for one server at least.
  if (servers.empty()) return;
  lines.open("servers");
  for (const Server& server : servers) {
    lines.line("- { address: " + quote(join_host_port(server.host, server.port)) + " }");
  }
  lines.close();
}

void print_origin(Lines& lines, const Origin& origin) {
  lines.open("origin");
  lines.key("builtin", text_of_word(kBuiltins, origin.builtin));
  lines.key("protocol", text_of_word(kProtocols, origin.protocol));
  lines.key("host_header", host_header(origin));
  lines.key("sni", origin.sni ? quote(*origin.sni) : "host");
  lines.key("ports", "{ http: " + quote_all(origin.http_ports) +
                         ", https: " + quote_all(origin.https_ports) + " }");
  print_servers(lines, origin.servers);
  lines.key("tls", std::string("{ verify: ") + truth(origin.tls.verify) +
                       ", ca: " + quote(origin.tls.ca) + " }");
  lines.key("connect_timeout", format_duration(origin.connect_timeout));
  lines.key("io_timeout", format_duration(origin.io_timeout));
  lines.key("request_timeout", format_duration(origin.request_timeout));
  lines.key("establish_timeout", format_duration(origin.establish_timeout));
  lines.key("max_response_head", format_size(origin.max_response_head));
  lines.close();
}

std::string origins(const Access& access) {
  switch (access.origins) {
    case Access::Origins::same_host:
      return "same_host";
    case Access::Origins::any:
      return "any";
    case Access::Origins::listed:
      return quote_all(access.listed);
  }
  return "same_host";
}

template <class T>
std::string number_or_off(const std::optional<T>& number) {
  return number ? std::to_string(*number) : "off";
}

void print_domain_usage(Lines& lines, const DomainUsage& usage) {
  const Budget& budget = usage.budget;
  std::string overhead = format_percent(usage.overhead_percent);
  overhead.pop_back();  // the name of the key has the unit
  lines.open("usage");
  lines.key("billing", text_of_word(kBillings, usage.billing));
  lines.key("direction", text_of_word(kDirections, usage.direction));
  lines.key("overhead_percent", overhead);
  lines.open("budget");
  lines.key("traffic", budget.traffic ? format_traffic(*budget.traffic) : "off");
  lines.key("connection_seconds", number_or_off(budget.connection_seconds));
  lines.key("messages", number_or_off(budget.messages));
  lines.key("period", text_of_word(kPeriods, budget.period));
  lines.key("soft", format_percent(budget.soft_percent));
  lines.key("close", truth(budget.close));
  lines.close();
  lines.close();
}

void print_domain(Lines& lines, const Domain& domain) {
  if (!domain.place.file.empty()) {
    lines.line("# from " + quote(domain.place.file) + ", line " +
               std::to_string(domain.place.line));
  }
  lines.open_item("names", quote_all(domain.names));
  lines.key("kind", text_of_word(kKinds, domain.kind));
  lines.key("http2", truth(domain.http2));
  lines.key("acceleration", std::string("{ dynamic: ") + truth(domain.dynamic_acceleration) + " }");
  if (domain.tls) {
    lines.open("tls");
    lines.key("certificate", quote("file:" + domain.tls->certificate));
    lines.key("key", quote("file:" + domain.tls->key));
    lines.key("min_version", quote(text_of_word(kTlsVersions, domain.tls->min_version)));
    lines.close();
  }
  print_websocket(lines, domain.websocket);
  print_origin(lines, domain.origin);
  lines.key("access", "{ origins: " + origins(domain.access) + " }");
  print_domain_usage(lines, domain.usage);
  lines.close();
}

}  // namespace

std::string print(const Document& document) {
  Lines lines;
  print_node(lines, document);
  if (document.domains.empty()) {
    lines.key("domains", "[]");
    return lines.take();
  }
  lines.open("domains");
  for (const Domain& domain : document.domains) print_domain(lines, domain);
  lines.close();
  return lines.take();
}

}  // namespace gateway::config
