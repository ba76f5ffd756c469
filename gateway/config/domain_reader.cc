#include "gateway/config/domain_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/config/addresses.h"
#include "gateway/config/paths.h"
#include "gateway/config/usage_reader.h"
#include "proto/base/host.h"
#include "proto/base/text.h"
#include "proto/http1/web_origin.h"

namespace gateway::config {

namespace {

constexpr Range kNames = {1, 100};
constexpr Range kOrigins = {1, 1000};

// No host in use has such a name, and usage and metrics need some that no domain has.
bool is_reserved(std::string_view name) {
  return name.starts_with('_') && name.find('.') == std::string_view::npos;
}

std::string read_name(const Section& section, const Node& node, const std::string& path) {
  auto value = section.scalar(node, path);
  if (!value) return {};
  if (auto problem = domain_name_problem(proto::without_root(*value))) {
    section.error(node, path, in_quotes(*value) + ' ' + *problem);
  } else if (is_reserved(proto::without_root(*value))) {
    section.error(node, path,
                  in_quotes(*value) +
                      " is a name of Weir's own: what begins with _ and has no dot "
                      "stands for no domain, as " +
                      std::string(kUnmatched) +
                      " does for the requests that no domain is found for");
  }
  return proto::canonical_host(*value);
}

// Usage stays where it has always been kept: under the name as it is written, in lower case.
std::string written_label(std::string_view text, const std::string& name) {
  std::string written = proto::to_lower(proto::without_root(text));
  return written == name ? std::string() : written;
}

void read_names(const Section& section, Domain& domain) {
  const Node* single = section.find("domain");
  const Node* several = section.find("names");
  if (section.has("domain") && section.has("names")) {
    return section.error("names", "stands beside \"domain\": write one of the two");
  }
  if (single != nullptr) {
    domain.names = {read_name(section, *single, section.path_of("domain"))};
    domain.written = written_label(single->text, domain.names.front());
  } else if (!section.has("domain") && !section.has("names")) {
    section.error("domain",
                  "is missing: write domain: chat.example.com, or names: [...] for several");
  }
  if (several == nullptr) return;
  section.list("names", kNames, [&](const Node& node, const std::string& path) {
    auto name = read_name(section, node, path);
    if (std::find(domain.names.begin(), domain.names.end(), name) != domain.names.end()) {
      section.error(node, path, in_quotes(name) + " is listed twice");
    }
    if (domain.names.empty()) domain.written = written_label(node.text, name);
    domain.names.push_back(std::move(name));
  });
}

void read_tls(const Section& section, DomainTls& tls) {
  for (auto key : {"certificate", "key"}) {
    if (section.has(key)) continue;
    section.error(key, "is missing: tls needs both certificate and key, each as file:/path");
  }
  auto certificate = file_value(section, "certificate", Environment::refused);
  auto key = file_value(section, "key", Environment::allowed);
  tls.certificate = certificate.value_or("");
  tls.key = key.value_or("");
  section.choice("min_version", tls.min_version, kTlsVersions);
}

std::optional<std::string> origin_host_problem(const proto::http1::WebOrigin& origin) {
  const std::string& host = origin.authority.host;
  return host.starts_with('[') ? std::nullopt : host_name_problem(host);
}

// What was probably meant by a text that is no origin.
std::string origin_hint(const std::string& text) {
  constexpr std::string_view kForm =
      "write https://app.example.com, without a path; a port only if it is not the usual one";
  if (text == "null") return "it is what every page says that has none to tell, whoever wrote it";
  const size_t mark = text.find("://");
  const std::string host = mark == std::string::npos ? text : text.substr(mark + 3);
  std::string scheme = mark == std::string::npos ? "https" : proto::to_lower(text.substr(0, mark));
  if (scheme == "wss") scheme = "https";
  if (scheme == "ws") scheme = "http";
  const auto meant =
      proto::http1::parse_web_origin(scheme + "://" + host.substr(0, host.find_first_of("/?#")));
  const bool good = meant && meant->is_http() && !origin_host_problem(*meant);
  return good ? "did you mean " + in_quotes(to_string(*meant)) + '?' : std::string(kForm);
}

// Why no page has this origin; nothing: one may. Beside those of the web there are those of
// extensions and apps, such as chrome-extension://… and capacitor://localhost.
std::optional<std::string> origin_problem(const proto::http1::WebOrigin& origin) {
  constexpr std::array<std::string_view, 8> kOfNoPage = {"ws",   "wss",        "ftp",   "file",
                                                         "data", "javascript", "about", "blob"};
  if (std::find(kOfNoPage.begin(), kOfNoPage.end(), origin.scheme) != kOfNoPage.end())
    return origin_hint(to_string(origin));
  if (!origin.is_http()) return std::nullopt;
  auto problem = origin_host_problem(origin);
  return problem ? "its host " + *problem : std::optional<std::string>();
}

void read_listed_origins(const Section& section, Access& access) {
  std::vector<std::string> listed;
  bool given = section.list("origins", kOrigins, [&](const Node& node, const std::string& path) {
    auto value = section.scalar(node, path);
    if (!value) return;
    auto origin = proto::http1::parse_web_origin(*value);
    auto problem =
        origin ? origin_problem(*origin) : std::optional<std::string>(origin_hint(*value));
    if (problem) {
      section.error(node, path, in_quotes(*value) + " is not an origin: " + *problem);
    } else {
      listed.push_back(to_string(*origin));
    }
  });
  if (!given) return;
  access.origins = Access::Origins::listed;
  access.listed = std::move(listed);
}

// A wildcard is nobody's Host, so a name that is written out goes first; else the name the wildcard
// stands below.
std::string name_for_checks(const std::vector<std::string>& names) {
  auto written_out = std::find_if(names.begin(), names.end(),
                                  [](const auto& name) { return !name.starts_with("*."); });
  if (written_out == names.end()) return names.empty() ? std::string() : names.front().substr(2);
  return *written_out;
}

std::string host_for_checks(const Domain& domain) {
  switch (domain.origin.host_header) {
    case Origin::Host::client:
      return name_for_checks(domain.names);
    case Origin::Host::fixed:
      return domain.origin.fixed_host;
    case Origin::Host::origin:
      break;
  }
  return {};
}

// What was inherited for a check of another type is dropped.
void settle_health(const Domain& domain, Health& health) {
  Health usual;
  if (health.type != Health::Type::http) health.expect = std::move(usual.expect);
  if (health.type == Health::Type::tcp) {
    health.path = std::move(usual.path);
    health.host.clear();
  }
  if (health.host.empty()) health.host = host_for_checks(domain);
}

}  // namespace

void read_access(const Section& section, Access& access) {
  const Node* node = section.find("origins");
  if (node == nullptr) return;
  if (node->kind == Node::Kind::sequence) return read_listed_origins(section, access);
  auto value = section.scalar("origins");
  if (!value) return;
  if (*value == "same_host" || *value == "any") {
    access.origins = *value == "any" ? Access::Origins::any : Access::Origins::same_host;
    access.listed.clear();
  } else {
    section.error("origins",
                  in_quotes(*value) +
                      " is not known here; allowed is same_host, any, or a list of origins "
                      "such as [\"https://app.example.com\"]");
  }
}

Domain read_domain(const Section& section, const Defaults& defaults) {
  Domain domain;
  domain.websocket = defaults.websocket;
  domain.origin = defaults.origin;
  domain.access = defaults.access;
  domain.usage = defaults.usage;
  domain.place = section.place();
  domain.places = KeyPlaces(section, defaults.places);
  read_names(section, domain);
  section.choice("kind", domain.kind, kKinds);
  section.boolean("http2", domain.http2);
  if (auto acceleration = section.section("acceleration")) {
    acceleration->boolean("dynamic", domain.dynamic_acceleration);
  }
  if (auto tls = section.section("tls")) read_tls(*tls, domain.tls.emplace());
  if (auto websocket = section.section("websocket")) read_websocket(*websocket, domain.websocket);
  if (auto origin = section.section("origin")) read_origin(*origin, domain.origin);
  if (auto access = section.section("access")) read_access(*access, domain.access);
  if (auto usage = section.section("usage")) {
    read_domain_usage(*usage, domain.usage);
    warn_without_limit(*usage, domain.usage.budget);
  }
  if (domain.origin.health) settle_health(domain, *domain.origin.health);
  return domain;
}

}  // namespace gateway::config
