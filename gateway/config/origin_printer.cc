#include <string>

#include "gateway/config/addresses.h"
#include "gateway/config/units.h"
#include "gateway/config/words.h"
#include "gateway/config/yaml_lines.h"
#include "proto/base/encoding.h"

namespace gateway::config {

namespace {

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
    lines.line("- { address: " + quote(join_host_port(server.host, server.port)) +
               ", priority: " + std::to_string(server.priority) +
               ", weight: " + std::to_string(server.weight) + " }");
  }
  lines.close();
}

std::string hash_on(const HashOn& hash_on) {
  std::string out(text_of_word(kHashSources, hash_on.source));
  return quote(hash_on.name.empty() ? out : out + ':' + hash_on.name);
}

std::vector<std::string> status_texts(const std::vector<StatusRange>& ranges) {
  std::vector<std::string> texts;
  texts.reserve(ranges.size());
  for (const StatusRange& range : ranges) {
    texts.push_back(std::to_string(range.first) + '-' + std::to_string(range.last));
  }
  return texts;
}

// What a type of check does not use has its default, and the reader would warn of it.
void print_health(Lines& lines, const std::optional<Health>& health) {
  if (!health) return lines.key("health", "off");
  lines.open("health");
  lines.key("type", text_of_word(kHealthTypes, health->type));
  lines.key("interval", format_duration(health->interval));
  lines.key("timeout", format_duration(health->timeout));
  lines.key("fall", std::to_string(health->fall));
  lines.key("rise", std::to_string(health->rise));
  if (health->type != Health::Type::tcp) {
    lines.key("path", quote(health->path));
    if (!health->host.empty()) lines.key("host", quote(health->host));
  }
  if (health->type == Health::Type::http) {
    lines.key("expect", quote_all(status_texts(health->expect)));
  }
  lines.close();
}

void print_pool(Lines& lines, const Origin& origin) {
  lines.key("balance", text_of_word(kBalances, origin.balance));
  lines.key("hash_on", hash_on(origin.hash_on));
  print_health(lines, origin.health);
  const auto& ejection = origin.ejection;
  lines.key("ejection", ejection ? "{ failures: " + std::to_string(ejection->failures) +
                                       ", time: " + format_duration(ejection->time) + " }"
                                 : "off");
  lines.key("retries", "{ budget: " + format_percent(origin.retries.budget_percent) +
                           ", attempts: " + std::to_string(origin.retries.attempts) + " }");
  lines.key("warm", std::to_string(origin.warm));
  lines.key("warm_idle", format_duration(origin.warm_idle));
  lines.key("resolve", "{ min: " + format_duration(origin.resolve.min) +
                           ", max: " + format_duration(origin.resolve.max) + " }");
}

std::string file_or_off(const std::string& path) {
  return path.empty() ? "off" : quote("file:" + path);
}

void print_tls(Lines& lines, const OriginTls& tls) {
  std::vector<std::string> pins;
  pins.reserve(tls.pins.size());
  for (const Pin& pin : tls.pins) pins.push_back("sha256/" + proto::to_base64(pin));
  lines.open("tls");
  lines.key("verify", truth(tls.verify));
  lines.key("ca", quote(tls.ca));
  lines.key("pins", quote_all(pins));
  lines.key("client_certificate", file_or_off(tls.client_certificate));
  lines.key("client_key", file_or_off(tls.client_key));
  lines.key("min_version", quote(text_of_word(kTlsVersions, tls.min_version)));
  lines.key("legacy_ciphers", truth(tls.legacy_ciphers));
  lines.close();
}

void print_credentials(Lines& lines, const Credentials& credentials) {
  lines.key("username", quote(credentials.username));
  // What is printed is shown around, so a password stays out of it.
  const std::string& source = credentials.password_source;
  lines.key("password", quote(source.empty() ? "***" : source));
  if (!credentials.realm.empty()) lines.key("realm", quote(credentials.realm));
  std::vector<std::string> schemes;
  if (credentials.digest) schemes.emplace_back("digest");
  if (credentials.basic) schemes.emplace_back("basic");
  lines.key("schemes", quote_all(schemes));
}

void print_auth(Lines& lines, const std::optional<OriginAuth>& auth) {
  if (!auth) return lines.key("auth", "off");
  lines.open("auth");
  print_credentials(lines, auth->credentials);
  lines.key("allow_basic_plaintext", truth(auth->allow_basic_plaintext));
  lines.close();
}

void print_forward_proxy(Lines& lines, const std::optional<ForwardProxy>& proxy) {
  if (!proxy) return lines.key("forward_proxy", "off");
  std::vector<std::string> no_proxy = proxy->no_proxy_names;
  for (const std::string& network : texts_of(proxy->no_proxy_networks)) {
    no_proxy.push_back(network);
  }
  lines.open("forward_proxy");
  lines.key("url", quote("http://" + join_host_port(proxy->host, proxy->port)));
  if (proxy->credentials) print_credentials(lines, *proxy->credentials);
  lines.key("no_proxy", quote_all(no_proxy));
  lines.close();
}

void print_way(Lines& lines, const Origin& origin) {
  lines.key("max_redirects", std::to_string(origin.max_redirects));
  lines.key("redirect_hosts", quote_all(origin.redirect_hosts));
  print_auth(lines, origin.auth);
  print_forward_proxy(lines, origin.forward_proxy);
  lines.key("proxy_protocol", text_of_word(kProxyProtocols, origin.proxy_protocol));
  lines.key("source", quote_all(origin.source));
  lines.key("deny_addresses", quote_all(texts_of(origin.deny_addresses)));
}

}  // namespace

void print_origin(Lines& lines, const Origin& origin) {
  lines.open("origin");
  lines.key("builtin", text_of_word(kBuiltins, origin.builtin));
  lines.key("protocol", text_of_word(kProtocols, origin.protocol));
  lines.key("host_header", host_header(origin));
  lines.key("sni", origin.sni ? quote(*origin.sni) : "host");
  lines.key("ports", "{ http: " + quote_all(origin.http_ports) +
                         ", https: " + quote_all(origin.https_ports) + " }");
  print_servers(lines, origin.servers);
  print_pool(lines, origin);
  print_tls(lines, origin.tls);
  lines.key("connect_timeout", format_duration(origin.connect_timeout));
  lines.key("io_timeout", format_duration(origin.io_timeout));
  lines.key("request_timeout", format_duration(origin.request_timeout));
  lines.key("establish_timeout", format_duration(origin.establish_timeout));
  lines.key("max_response_head", format_size(origin.max_response_head));
  lines.key("max_response_headers", std::to_string(origin.max_response_headers));
  print_way(lines, origin);
  lines.close();
}

}  // namespace gateway::config
