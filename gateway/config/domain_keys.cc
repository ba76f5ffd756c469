// The keys of a domain, but for those below `http:`, `websocket:`, `origin:` and `usage:`.
#include <algorithm>
#include <array>

#include "gateway/config/addresses.h"
#include "gateway/config/key.h"
#include "gateway/config/keys.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/references.h"
#include "gateway/config/yaml_lines.h"
#include "proto/base/host.h"
#include "proto/base/text.h"
#include "proto/http1/web_origin.h"

namespace gateway::config {

namespace {

using proto::Unexpected;

constexpr Range kNames = {1, 100};
constexpr Range kOrigins = {1, 1000};

// No host in use has such a name, and usage and metrics need some that no domain has.
bool is_reserved(std::string_view name) {
  return name.starts_with('_') && name.find('.') == std::string_view::npos;
}

std::string read_name(const MapReader& map, const Node& node, const std::string& path) {
  auto value = map.scalar(node, path);
  if (!value) return {};
  if (auto problem = domain_name_problem(proto::without_root(*value))) {
    map.error(node, path, in_quotes(*value) + ' ' + *problem);
  } else if (is_reserved(proto::without_root(*value))) {
    map.error(node, path,
              in_quotes(*value) +
                  " is a name of Weir's own: what begins with _ and has no dot stands for no "
                  "domain, as " +
                  std::string(kUnmatched) + " does for the requests that no domain is found for");
  }
  return proto::canonical_host(*value);
}

// Usage stays where it has always been kept: under the name as it is written, in lower case.
std::string written_label(std::string_view text, const std::string& name) {
  std::string written = proto::to_lower(proto::without_root(text));
  return written == name ? std::string() : written;
}

void read_one_name(const MapReader& map, std::string_view key, Domain& domain) {
  const Node* const single = map.find(key);
  if (map.has(key) && map.has("names")) {
    return map.error("names", "stands beside \"domain\": write one of the two");
  }
  if (single != nullptr) {
    domain.names = {read_name(map, *single, map.path_of(key))};
    domain.written = written_label(single->text, domain.names.front());
  } else if (!map.has(key) && !map.has("names")) {
    map.error(key, "is missing: write domain: chat.example.com, or names: [...] for several");
  }
}

void read_names(const MapReader& map, std::string_view key, Domain& domain) {
  if (map.find(key) == nullptr || map.has("domain")) return;
  map.list(key, kNames, [&](const Node& node, const std::string& path) {
    auto name = read_name(map, node, path);
    if (std::find(domain.names.begin(), domain.names.end(), name) != domain.names.end()) {
      map.error(node, path, in_quotes(name) + " is listed twice");
    }
    if (domain.names.empty()) domain.written = written_label(node.text, name);
    domain.names.push_back(std::move(name));
  });
}

// `names` says it.
std::optional<std::string> no_text(const Domain& /*domain*/) { return std::nullopt; }

std::string shown_names(const Domain& domain) {
  std::vector<std::string> names = domain.names;
  if (!domain.written.empty()) names.front() = domain.written;
  return quote_all(names);
}

template <Environment kEnvironment>
void read_file_name(const MapReader& map, std::string_view key, std::string& path) {
  path = file_value(map, key, kEnvironment).value_or("");
}

std::string shown_file(const std::string& path) { return quote("file:" + path); }

std::optional<std::string> origin_host_problem(const proto::http1::WebOrigin& origin) {
  const std::string& host = origin.authority.host;
  return host.starts_with('[') ? std::nullopt : host_name_problem(host);
}

// The origin that was probably meant by a text that is none.
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

proto::Result<std::string, std::string> parse_page_origin(const std::string& text) {
  const auto origin = proto::http1::parse_web_origin(text);
  const auto problem = origin ? origin_problem(*origin) : std::optional(origin_hint(text));
  if (problem) return Unexpected{in_quotes(text) + " is not an origin: " + *problem};
  return to_string(*origin);
}

void read_origins(const MapReader& map, std::string_view key, Access& access) {
  if (const Node* node = map.find(key); node != nullptr && node->kind == Node::Kind::sequence) {
    auto listed = list_of<std::string>(map, key, kOrigins, parse_page_origin);
    if (listed) access = {Access::Origins::listed, std::move(*listed)};
    return;
  }
  const auto value = map.scalar(key);
  if (!value) return;
  if (*value == "same_host") {
    access = {Access::Origins::same_host, {}};
  } else if (*value == "any") {
    access = {Access::Origins::any, {}};
  } else {
    map.error(key, in_quotes(*value) +
                       " is not known here; allowed is same_host, any, or a list of origins such "
                       "as [\"https://app.example.com\"]");
  }
}

std::string shown_origins(const Access& access) {
  switch (access.origins) {
    case Access::Origins::same_host:
      return "same_host";
    case Access::Origins::any:
      return "any";
    case Access::Origins::listed:
      break;
  }
  return quote_all(access.listed);
}

constexpr std::string_view kMissingFile = "tls needs both certificate and key, each as file:/path";

constexpr Field kDomainTlsKeys[] = {
    key<&DomainTls::certificate>(
        "certificate",
        Grammar<&read_file_name<Environment::refused>, &shown_file>{
            "file:/path", R"({"$ref": "#/definitions/file"})"},
        "PEM, the whole chain. A relative path starts at the folder of this file.",
        {.also = "cert", .required = kMissingFile}),
    key<&DomainTls::key>(
        "key",
        Grammar<&read_file_name<Environment::allowed>, &shown_file>{
            "file:/path or ${NAME}", R"({"$ref": "#/definitions/file_or_variable"})"},
        "PEM; or ${NAME}, a variable that holds the path.",
        {.also = "certificate_key private_key", .required = kMissingFile}),
    key<&DomainTls::min_version>("min_version", OneOf{}, "The least version of TLS.",
                                 {.also = "min_tls_version"}),
};

constexpr Field kAccessKeys[] = {
    key<&Access::origins, &Access::listed>(
        "origins",
        Grammar<&read_origins, &shown_origins>{"same_host, any, or a list of 1 to 1000 origins",
                                               R"({"anyOf": [{"enum": ["same_host", "any"]},
                {"type": "array", "minItems": 1, "maxItems": 1000,
                 "items": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9+.-]*://[^/]+$"}}]})"},
        "Which pages may open a session, by the Origin field that browsers send. same_host: http "
        "or https pages of the host that is asked for, whatever their port; in a list scheme, host "
        "and port have to match. A request without the field may.",
        {.also = "allowed_origins cors"}),
};

constexpr Field kAccelerationKeys[] = {
    key<&Domain::dynamic_acceleration>("dynamic", Switch{}, "websocket.enabled needs true."),
};
// A route starts from what its domain says.
RouteSettings fresh_route(const Domain& domain) {
  RouteSettings route;
  route.http = domain.http;
  route.websocket = domain.websocket;
  route.origin = domain.origin;
  return route;
}

Table acceleration_keys() { return part_of<Domain>(kAccelerationKeys, Layout::line); }

constexpr Field kDomainKeys[] = {
    key<&Domain::names, &Domain::written>(
        "domain",
        Grammar<&read_one_name, &no_text>{"host name", R"({"$ref": "#/definitions/name"})"},
        "The host name that clients ask for; or names.", {.also = "host name"}),
    key<&Domain::names, &Domain::written>(
        "names",
        Grammar<&read_names, &shown_names>{
            "list of 1 to 100 host names",
            R"({"type": "array", "minItems": 1, "maxItems": 100, "uniqueItems": true,
                "items": {"$ref": "#/definitions/name"}})"},
        "Several names in place of one. A name that is written out beats *.example.com.",
        {.also = "hosts server_name domains", .usual = "domain alone"}),
    key<&Domain::kind>("kind", OneOf{}, "On cdn WebSocket cannot be enabled."),
    key<&Domain::http2>("http2", Switch{}, "true excludes websocket.enabled: true."),
    group<acceleration_keys>("acceleration", "What is accelerated."),
    key<&Domain::tls>("tls", SubIfWritten{},
                      "What a listener with tls: true presents for these names.", {.also = "ssl"}),
    key<&Domain::http>("http", Sub{}, "How plain requests are answered."),
    key<&Domain::websocket>("websocket", Sub{}, "How sessions behave.", {.also = "ws"}),
    key<&Domain::origin>("origin", Sub{}, "Where sessions and plain requests go, and how.",
                         {.also = "backend upstream"}),
    key<&Domain::routes>("routes", ListOver<&fresh_route>{0, 100},
                         "Paths whose requests go elsewhere, or are treated in another way, than "
                         "those of the domain: the longest prefix decides. A route says what is "
                         "different; all else is the domain's.",
                         {.also = "locations location paths"}),
    key<&Domain::access>("access", Sub{}, "Who may open a session."),
    key<&Domain::usage>("usage", Sub{},
                        "How the domain is billed; what is counted does not depend on it.",
                        {.also = "metering accounting"}),
};

}  // namespace

Table keys(Of<DomainTls>) { return table_of<DomainTls>(kDomainTlsKeys); }
Table keys(Of<Access>) { return table_of<Access>(kAccessKeys, Layout::line); }
Table keys(Of<Domain>) { return table_of<Domain>(kDomainKeys); }

}  // namespace gateway::config
