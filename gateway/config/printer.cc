#include <string>

#include "gateway/config/addresses.h"
#include "gateway/config/units.h"
#include "gateway/config/words.h"
#include "gateway/config/yaml_lines.h"
#include "gateway/config/yaml_reader.h"
#include "proto/base/database_url.h"

namespace gateway::config {

namespace {

template <class T>
std::string number_or_auto(const std::optional<T>& number) {
  return number ? std::to_string(*number) : "auto";
}

std::string proxy_protocol(const Listener& listener) {
  if (!listener.proxy_protocol) return "off";
  return "{ trusted: " + quote_all(texts_of(listener.proxy_protocol->trusted)) + " }";
}

void print_listeners(Lines& lines, const std::vector<Listener>& listeners) {
  lines.open("listeners");
  for (const Listener& listener : listeners) {
    lines.open_item("name", quote(listener.name));
    lines.key("address", quote(listener.address));
    lines.key("ports", quote_all(listener.ports));
    lines.key("mode", text_of_word(kModes, listener.mode));
    lines.key("tls", truth(listener.tls));
    lines.key("proxy_protocol", proxy_protocol(listener));
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
              "{ url: " + quote(source.empty() ? proto::without_password(postgres.url) : source) +
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
  lines.open("access");
  lines.key("path", quote(log.access.path.value_or("off")));
  lines.key("format", text_of_word(kLogFormats, log.access.format));
  lines.key("queue", format_size(log.access.queue));
  lines.key("query", text_of_word(kLogQueries, log.access.query));
  lines.key("redact", quote_all(log.access.redact));
  lines.close();
  lines.key("level", text_of_word(kLogLevels, log.level));
  lines.close();
  lines.open("drain");
  lines.key("delay", format_duration(document.drain.delay));
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
  const NameServers& resolver = document.resolver;
  lines.key("resolver", "{ servers: " + quote_all(resolver.servers) +
                            ", timeout: " + format_duration(resolver.timeout) +
                            ", tries: " + std::to_string(resolver.tries) + " }");
  lines.key("reload",
            std::string("{ on_change: ") + (document.reload.on_change ? "on" : "off") + " }");
}

std::string per_leg(const PerLeg& legs) {
  return "{ client: " + time_or_off(legs.client) + ", origin: " + time_or_off(legs.origin) + " }";
}

std::string size_or_off(const std::optional<uint64_t>& size) {
  return size ? format_size(*size) : "off";
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
  lines.key("max_message", "{ text: " + size_or_off(websocket.max_message.text) +
                               ", binary: " + size_or_off(websocket.max_message.binary) + " }");
  lines.key("on_disable", text_of_word(kOnDisable, websocket.on_disable));
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
  lines.key("deduct_undelivered", truth(usage.deduct_undelivered));
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
  std::vector<std::string> names = domain.names;
  if (!domain.written.empty()) names.front() = domain.written;
  lines.open_item("names", quote_all(names));
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
