// The keys below `origin.auth:` and `origin.forward_proxy:`.
#include "gateway/config/addresses.h"
#include "gateway/config/key.h"
#include "gateway/config/keys.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/references.h"
#include "gateway/config/yaml_lines.h"
#include "proto/auth/credentials.h"
#include "proto/base/host.h"

namespace gateway::config {

namespace {

constexpr Range kSchemes = {1, 2};
constexpr Range kNoProxy = {0, 1000};
constexpr uint16_t kProxyPort = 80;  // of its http:// URL

// Of authentication, in order of preference.
constexpr std::string_view kSchemeWords[] = {"digest", "basic"};

// No message repeats the password.
void read_password(const MapReader& map, std::string_view key, Credentials& credentials) {
  auto secret = secret_value(map, key);
  if (!secret) return;
  if (secret->reference.empty()) {
    map.warn(key, "W_SECRET_IN_FILE",
             "a password stands in the configuration itself: write it into a file of its own, and "
             "here file:/path or ${NAME} of a variable");
  }
  credentials.password = std::move(secret->value);
  credentials.password_source = std::move(secret->reference);
}

// The print is shown around, so a password stays out of it.
std::optional<std::string> shown_password(const Credentials& credentials) {
  const std::string& source = credentials.password_source;
  if (!source.empty()) return quote(source);
  return credentials.password.empty() ? std::nullopt : std::optional(quote("***"));
}

void read_schemes(const MapReader& map, std::string_view key, Credentials& credentials) {
  std::array<bool, std::size(kSchemeWords)> chosen{};
  const auto add = [&](const Node& node, const std::string& path) {
    const auto scheme = map.pick(node, path, kSchemeWords);
    if (!scheme) return;
    if (chosen.at(*scheme)) map.error(node, path, in_quotes(node.text) + " is listed twice");
    chosen.at(*scheme) = true;
  };
  const auto& [digest, basic] = chosen;
  if (!map.list(key, kSchemes, add) || !(digest || basic)) return;
  credentials.digest = digest;
  credentials.basic = basic;
}

std::string shown_schemes(const Credentials& credentials) {
  std::vector<std::string_view> schemes;
  if (credentials.digest) schemes.push_back(kSchemeWords[0]);
  if (credentials.basic) schemes.push_back(kSchemeWords[1]);
  return quote_all(schemes);
}

void check_credentials(const MapReader& map, const Credentials& credentials) {
  for (const std::string_view key : {"username", "password"}) {
    const std::string& value = key == "username" ? credentials.username : credentials.password;
    // One that could not be read was reported already.
    if (!value.empty() || map.has(key)) continue;
    map.error(key, "is missing: username and password need each other");
  }
  if (credentials.username.empty() || credentials.password.empty()) return;
  const auto fault = proto::auth::fault_in({.username = credentials.username,
                                            .password = credentials.password,
                                            .realm = credentials.realm,
                                            .digest = credentials.digest,
                                            .basic = credentials.basic});
  if (fault) map.error("username", *fault);
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

void read_proxy_url(const MapReader& map, std::string_view key, ForwardProxy& proxy) {
  auto value = map.scalar(key);
  if (!value && !map.has(key) && proxy.host.empty()) {
    map.error(key, "is missing: write \"http://proxy.example.net:3128\"");
  }
  if (!value) return;
  if (auto problem = proxy_url_problem(*value)) return map.error(key, *problem);
  std::string_view authority = std::string_view(*value).substr(std::string_view("http://").size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  auto parts = parse_host_port(authority);
  // A URL has IPv6 in brackets always (RFC 3986 §3.2.2).
  const bool bare = parts && is_ipv6(authority);
  if (!parts || bare) {
    const std::string why =
        bare ? "did you mean \"http://[" + std::string(authority) + "]\"?"
             : "write \"http://proxy.example.net:3128\", without a path; " + parts.error();
    return map.error(key, in_quotes(*value) + " is not the address of a proxy: " + why);
  }
  proxy.host = std::move(parts->host);
  proxy.port = parts->port.value_or(kProxyPort);
}

std::optional<std::string> shown_proxy_url(const ForwardProxy& proxy) {
  if (proxy.host.empty()) return std::nullopt;
  return quote("http://" + join_host_port(proxy.host, proxy.port));
}

void read_direct_name(const MapReader& map, const Node& node, const std::string& path,
                      ForwardProxy& proxy) {
  std::string name = proto::canonical_host(node.text);
  if (name.starts_with('.')) {
    return map.error(
        node, path,
        in_quotes(name) + " is not a name: did you mean " + in_quotes('*' + name) + "?");
  }
  if (auto problem = domain_name_problem(name)) {
    return map.error(node, path, in_quotes(name) + ' ' + *problem);
  }
  proxy.no_proxy_names.push_back(std::move(name));
}

void read_no_proxy(const MapReader& map, std::string_view key, ForwardProxy& proxy) {
  ForwardProxy given;
  const auto add = [&](const Node& node, const std::string& path) {
    const auto value = map.scalar(node, path);
    if (!value) return;
    std::string_view text = *value;
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    if (!is_ip(text) && text.find('/') == std::string_view::npos) {
      return read_direct_name(map, node, path, given);
    }
    const auto network = parse_network(text);
    if (!network) return map.error(node, path, network.error());
    given.no_proxy_networks.push_back(*network);
  };
  if (!map.list(key, kNoProxy, add)) return;
  proxy.no_proxy_names = std::move(given.no_proxy_names);
  proxy.no_proxy_networks = std::move(given.no_proxy_networks);
}

std::string shown_no_proxy(const ForwardProxy& proxy) {
  std::vector<std::string> texts = proxy.no_proxy_names;
  for (const Network& network : proxy.no_proxy_networks) texts.push_back(to_string(network));
  return quote_all(texts);
}

constexpr Field kCredentialsKeys[] = {
    key<&Credentials::username>("username", Text{}, "The user's name.", {.also = "user"}),
    key<&Credentials::password, &Credentials::password_source>(
        "password",
        Grammar<&read_password, &shown_password>{"file:/path, ${NAME}, or the password itself",
                                                 R"({"type": "string", "minLength": 1})"},
        "A file of one line, or a variable of the environment; itself with a warning."),
    key<&Credentials::realm>("realm", Text{}, "Answer no other realm.", {.usual = "any"}),
    key<&Credentials::digest, &Credentials::basic>(
        "schemes",
        Grammar<&read_schemes, &shown_schemes>{
            "list of digest and basic",
            R"({"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true,
                "items": {"enum": ["digest", "basic"]}})"},
        "That may be answered."),
};

constexpr Field kOriginAuthKeys[] = {
    key<&OriginAuth::credentials>(Beside{}),
    key<&OriginAuth::allow_basic_plaintext>("allow_basic_plaintext", Switch{},
                                            "Answer Basic over http, too."),
};

constexpr Field kForwardProxyKeys[] = {
    key<&ForwardProxy::host, &ForwardProxy::port>(
        "url",
        Grammar<&read_proxy_url, &shown_proxy_url>{
            "http://host:port", R"({"type": "string", "pattern": "^http://[^/@]+/?$"})"},
        "http alone; port 80 when there is none."),
    key<&ForwardProxy::credentials>(Beside{}),
    key<&ForwardProxy::no_proxy_names, &ForwardProxy::no_proxy_networks>(
        "no_proxy",
        Grammar<&read_no_proxy, &shown_no_proxy>{
            "list of 0 to 1000 names and networks",
            R"({"type": "array", "maxItems": 1000, "items": {"type": "string", "minLength": 1}})"},
        "Servers that are reached without it: names, *.example.net, addresses, networks."),
};

}  // namespace

Table keys(Of<Credentials>) { return table_of<Credentials, &check_credentials>(kCredentialsKeys); }
Table keys(Of<OriginAuth>) { return table_of<OriginAuth>(kOriginAuthKeys); }
Table keys(Of<ForwardProxy>) { return table_of<ForwardProxy>(kForwardProxyKeys); }

}  // namespace gateway::config
