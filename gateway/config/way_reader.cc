#include <algorithm>
#include <utility>

#include "gateway/config/addresses.h"
#include "gateway/config/lookalike.h"
#include "gateway/config/origin_reader.h"
#include "gateway/config/secret.h"
#include "proto/auth/credentials.h"
#include "proto/base/host.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

constexpr Range kRedirects = {0, 20};
constexpr Range kRedirectHosts = {0, 100};
constexpr Range kSource = {0, 64};
constexpr Range kSchemeCount = {1, 2};
constexpr Range kNoProxy = {0, 1000};
constexpr Range kDenied = {0, 1000};
constexpr uint16_t kProxyPort = 80;  // of its http:// URL
constexpr std::string_view kCredentialKeys[] = {"username", "password", "realm", "schemes"};

void read_redirect_hosts(const Section& section, std::vector<std::string>& hosts) {
  std::vector<std::string> read;
  auto add = [&](const Node& node, const std::string& path) {
    auto value = section.scalar(node, path);
    if (!value) return;
    auto problem = domain_name_problem(proto::without_root(*value));
    if (problem) return section.error(node, path, in_quotes(*value) + ' ' + *problem);
    read.push_back(proto::canonical_host(*value));
  };
  if (section.list("redirect_hosts", kRedirectHosts, add)) hosts = std::move(read);
}

// No message repeats the password.
void read_password(const Section& section, Credentials& credentials) {
  auto secret = secret_value(section, "password");
  if (!secret) return;
  if (secret->reference.empty()) {
    section.warn("password", "W_SECRET_IN_FILE",
                 "a password stands in the configuration itself: write it into a file of its own, "
                 "and here file:/path or ${NAME} of a variable");
  }
  credentials.password = std::move(secret->value);
  credentials.password_source = std::move(secret->reference);
}

void read_schemes(const Section& section, Credentials& credentials) {
  bool digest = false;
  bool basic = false;
  auto add = [&](const Node& node, const std::string& path) {
    Scheme scheme{};
    if (!section.choice(node, path, scheme, kSchemes)) return;
    bool& chosen = scheme == Scheme::digest ? digest : basic;
    if (chosen) section.error(node, path, in_quotes(node.text) + " is listed twice");
    chosen = true;
  };
  if (!section.list("schemes", kSchemeCount, add) || !(digest || basic)) return;
  credentials.digest = digest;
  credentials.basic = basic;
}

void read_credentials(const Section& section, Credentials& credentials) {
  section.text("username", credentials.username);
  read_password(section, credentials);
  section.text("realm", credentials.realm);
  read_schemes(section, credentials);
  for (auto key : {"username", "password"}) {
    const std::string& value = *key == 'u' ? credentials.username : credentials.password;
    // One that could not be read was reported already.
    if (!value.empty() || section.has(key)) continue;
    section.error(key, "is missing: username and password need each other");
  }
  if (credentials.username.empty() || credentials.password.empty()) return;
  auto fault = proto::auth::fault_in({.username = credentials.username,
                                      .password = credentials.password,
                                      .realm = credentials.realm,
                                      .digest = credentials.digest,
                                      .basic = credentials.basic});
  if (fault) section.error("username", *fault);
}

// Nothing that is written before an '@' is repeated: it may be a password.
std::optional<std::string> proxy_url_problem(std::string_view url) {
  if (url.find('@') != std::string_view::npos) {
    return "must not hold credentials: write them as username and password beside it";
  }
  if (url.starts_with("https://")) {
    return "proxies are spoken to over http:// alone: write http://host:port; what an https "
           "origin gets through such a proxy is encrypted all the same";
  }
  if (url.starts_with("http://")) return std::nullopt;
  return in_quotes(url) + " is not the address of a proxy: write \"http://proxy.example.net:3128\"";
}

void read_proxy_url(const Section& section, ForwardProxy& proxy) {
  auto value = section.scalar("url");
  if (!value && !section.has("url") && proxy.host.empty()) {
    section.error("url", "is missing: write \"http://proxy.example.net:3128\"");
  }
  if (!value) return;
  if (auto problem = proxy_url_problem(*value)) return section.error("url", *problem);
  std::string_view authority = std::string_view(*value).substr(std::string_view("http://").size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  auto parts = parse_host_port(authority);
  // A URL has IPv6 in brackets always (RFC 3986 §3.2.2).
  bool bare = parts && is_ipv6(authority);
  if (!parts || bare) {
    std::string why =
        bare ? "did you mean \"http://[" + std::string(authority) + "]\"?"
             : "write \"http://proxy.example.net:3128\", without a path; " + parts.error();
    return section.error("url", in_quotes(*value) + " is not the address of a proxy: " + why);
  }
  proxy.host = std::move(parts->host);
  proxy.port = parts->port.value_or(kProxyPort);
}

void read_direct_name(const Section& section, const Node& node, const std::string& path,
                      ForwardProxy& proxy) {
  std::string name = proto::canonical_host(node.text);
  if (name.starts_with('.')) {
    return section.error(
        node, path,
        in_quotes(name) + " is not a name: did you mean " + in_quotes('*' + name) + "?");
  }
  if (auto problem = domain_name_problem(name)) {
    return section.error(node, path, in_quotes(name) + ' ' + *problem);
  }
  proxy.no_proxy_names.push_back(std::move(name));
}

void read_no_proxy(const Section& section, ForwardProxy& proxy) {
  ForwardProxy read;
  auto add = [&](const Node& node, const std::string& path) {
    auto value = section.scalar(node, path);
    if (!value) return;
    std::string_view text = *value;
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    if (!is_ip(text) && text.find('/') == std::string_view::npos) {
      return read_direct_name(section, node, path, read);
    }
    auto network = parse_network(text);
    if (!network) return section.error(node, path, network.error());
    read.no_proxy_networks.push_back(*network);
  };
  if (!section.list("no_proxy", kNoProxy, add)) return;
  proxy.no_proxy_names = std::move(read.no_proxy_names);
  proxy.no_proxy_networks = std::move(read.no_proxy_networks);
}

void read_forward_proxy(const Section& section, ForwardProxy& proxy) {
  proxy.place = section.place();
  read_proxy_url(section, proxy);
  bool asks = std::any_of(std::begin(kCredentialKeys), std::end(kCredentialKeys),
                          [&section](std::string_view key) { return section.has(key); });
  if (asks && !proxy.credentials) proxy.credentials.emplace();
  if (asks) read_credentials(section, *proxy.credentials);
  read_no_proxy(section, proxy);
}

void read_source(const Section& section, std::vector<std::string>& source) {
  std::vector<std::string> read;
  auto add = [&](const Node& node, const std::string& path) {
    auto value = section.scalar(node, path);
    if (!value) return;
    std::string ip = canonical_ip(*value);
    if (!is_ip(ip) || ip == "0.0.0.0" || ip == "::") {
      return section.error(node, path,
                           in_quotes(*value) +
                               " is not an IP address of this machine: write one such as "
                               "\"192.0.2.10\" or \"2001:db8::10\"" +
                               what_was_meant(*value));
    }
    if (std::find(read.begin(), read.end(), ip) != read.end()) {
      return section.error(node, path, in_quotes(ip) + " is listed twice");
    }
    read.push_back(std::move(ip));
  };
  if (section.list("source", kSource, add)) source = std::move(read);
}

void read_deny_addresses(const Section& section, std::vector<Network>& networks) {
  std::vector<Network> read;
  auto add = [&](const Node& node, const std::string& path) {
    auto value = section.scalar(node, path);
    if (!value) return;
    auto network = parse_network(*value);
    if (!network) return section.error(node, path, network.error());
    read.push_back(*network);
  };
  if (section.list("deny_addresses", kDenied, add)) networks = std::move(read);
}

}  // namespace

void read_way(const Section& section, Origin& origin) {
  section.number("max_redirects", origin.max_redirects, kRedirects);
  read_redirect_hosts(section, origin.redirect_hosts);
  if (auto auth = section.section_or_off("auth", origin.auth)) {
    read_credentials(*auth, origin.auth->credentials);
    auth->boolean("allow_basic_plaintext", origin.auth->allow_basic_plaintext);
  }
  if (auto proxy = section.section_or_off("forward_proxy", origin.forward_proxy)) {
    read_forward_proxy(*proxy, *origin.forward_proxy);
  }
  section.choice("proxy_protocol", origin.proxy_protocol, kProxyProtocols);
  read_source(section, origin.source);
  read_deny_addresses(section, origin.deny_addresses);
}

}  // namespace gateway::config
