// The keys of the node file.
#include <algorithm>

#include "gateway/config/addresses.h"
#include "gateway/config/key.h"
#include "gateway/config/keys.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/names.h"
#include "gateway/config/paths.h"
#include "gateway/config/references.h"
#include "gateway/config/trusted_networks.h"
#include "gateway/config/yaml_lines.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;
using proto::Unexpected;

constexpr Range kRedacted = {0, 100};
constexpr Range kNameServers = {0, 8};
constexpr Range kProxies = {0, 1000};
constexpr std::string_view kFieldName = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";
constexpr uint16_t kDnsPort = 53;

void read_state_dir(const MapReader& map, std::string_view key, std::string& folder) {
  if (const auto path = map.scalar(key)) folder = beside(map.findings().file(), *path);
}

void read_log_path(const MapReader& map, std::string_view key, AccessLog& access) {
  auto path = map.scalar(key);
  if (!path) return;
  access.place = map.findings().place(map.find(key)->at);
  const bool named = *path != "off" && *path != "-";
  if (named) path = beside(map.findings().file(), *path);
  access.path = *path == "off" ? std::nullopt : std::move(path);
}

std::string shown_log_path(const std::optional<std::string>& path) {
  return quote(path.value_or("off"));
}

proto::Result<std::string, std::string> parse_secret_name(std::string_view text) {
  const std::string_view name = text.ends_with('*') ? text.substr(0, text.size() - 1) : text;
  if (is_plain_name(name)) return std::string(text);
  return Unexpected{in_quotes(text) +
                    " is no name of a query parameter; allowed is 1 to 64 letters, digits, '.', "
                    "'_', '-', and a * at the end"};
}

void read_redact(const MapReader& map, std::string_view key, std::vector<std::string>& names) {
  if (auto given = list_of<std::string>(map, key, kRedacted, parse_secret_name))
    names = std::move(*given);
}

void check_access_log(const MapReader& map, const AccessLog& access) {
  if (access.query == AccessLog::Query::redacted && access.format == AccessLog::Format::dcdn) {
    map.warn("query", "W_NO_QUERY", "has no effect: DCDN's lines have no query; use format: json");
  }
}

void read_name_servers(const MapReader& map, std::string_view key,
                       std::vector<std::string>& servers) {
  const auto parse = [&servers](std::string_view text) -> proto::Result<std::string, std::string> {
    const auto parts = parse_host_port(text);
    if (!parts || !is_ip(parts->host)) {
      return Unexpected{in_quotes(text) +
                        " is not the address of a DNS server: write an IP address such as "
                        "10.0.0.2, with another port than 53 as \"10.0.0.2:5353\"" +
                        (parts ? "" : "; " + parts.error())};
    }
    std::string server = join_host_port(parts->host, parts->port.value_or(kDnsPort));
    if (std::find(servers.begin(), servers.end(), server) != servers.end())
      return Unexpected{in_quotes(server) + " is listed twice"};
    servers.push_back(server);
    return server;
  };
  static_cast<void>(list_of<std::string>(map, key, kNameServers, parse));
}

void read_proxies(const MapReader& map, std::string_view key, std::vector<Network>& proxies) {
  read_trusted_networks(map, key, kProxies, proxies);
}

// A slip would leave every client with the address of a proxy.
std::optional<std::string> address_field_problem(std::string_view name) {
  constexpr std::string_view kUsual[] = {"X-Forwarded-For", "Forwarded",      "X-Real-IP",
                                         "X-Client-IP",     "True-Client-IP", "CF-Connecting-IP"};
  if (!proto::is_token(name)) return in_quotes(name) + " is no name of a field";
  const auto is_usual = [name](std::string_view usual) {
    return proto::equals_ignoring_case(usual, name);
  };
  const auto near = nearest(name, kUsual);
  if (!near || std::ranges::any_of(kUsual, is_usual)) return std::nullopt;
  return in_quotes(name) + " is a field that no proxy has: did you mean " + in_quotes(*near) + "?";
}

constexpr Field kAccessLogKeys[] = {
    key<&AccessLog::path>(
        "path",
        Grammar<&read_log_path, &shown_log_path>{
            "path, - or off",
            R"({"anyOf": [{"type": "string", "minLength": 1}, {"const": false}]})"},
        "One line when a session opens and one when it closes. -: standard output; off: none; or a "
        "file, a FIFO or a terminal. A relative path starts at this file's folder."),
    key<&AccessLog::format>("format", OneOf{},
                            "dcdn: the offline log lines of that product, one for each session "
                            "that ended or was refused.",
                            {.also = "log_format"}),
    key<&AccessLog::queue>("queue", Size{64 * 1024, 1024 * 1024 * 1024},
                           "Of all workers: lines that wait to be written; what finds no room is "
                           "counted as lost."),
    key<&AccessLog::query>("query", OneOf{},
                           "redacted: uri_param, the request's query without what is secret."),
    key<&AccessLog::redact>(
        "redact",
        Grammar<&read_redact, &quote_all<std::string>>{
            "list of 0 to 100 names",
            R"({"type": ["array", "null"], "maxItems": 100,
                "items": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}[*]?$"}})"},
        "Further names of query parameters that are secret; x-*: all that begin so. Case, - and _ "
        "make no difference."),
};

constexpr Field kLogKeys[] = {
    key<&Log::access>("access", Sub{}, "A line for each session.",
                      {.effect = Effect::restart, .also = "access_log"}),
    key<&Log::level>("level", OneOf{}, "Of Weir's own messages, on standard error.",
                     {.effect = Effect::live, .also = "log_level"}),
};

constexpr Field kDrainKeys[] = {
    key<&Drain::delay>("delay", Duration{0ms, 5min},
                       "/readyz says 503 this long before clients are turned away."),
    key<&Drain::timeout>("timeout", Duration{0ms, 1h},
                         "How long open sessions are given then. Keep delay and timeout together "
                         "below your service manager's patience.",
                         {.also = "shutdown_timeout timeout"}),
    key<&Drain::close_rate>("close_rate", Count{1, 1'000'000, "auto"},
                            "Sessions closed in a second; auto: spread over the timeout. A number "
                            "bounds what a reload or a budget ends, too."),
};

constexpr Field kLimitKeys[] = {
    key<&NodeLimits::header_timeout>("header_timeout", Duration{100ms, 5min},
                                     "From the accepted connection to the complete request head, "
                                     "TLS included."),
    key<&NodeLimits::max_head>("max_head", Size{1'024, 65'536},
                               "Request line and header fields together.",
                               {.also = "max_header_size"}),
    key<&NodeLimits::max_headers>("max_headers", Count{10, 1000}, "Fields of a request's head."),
    key<&NodeLimits::max_connections>(
        "max_connections", Count{1, 10'000'000, "auto"},
        "Clients at a time; auto: what the limit of open files bears."),
    key<&NodeLimits::keep_alive>(
        "keep_alive", Duration{1s, 1h, Off::word},
        "A client's connection is kept for so long between an answer and the next request; longer "
        "than the 60s of load balancers in front. off: each answer ends its connection.",
        {.also = "keepalive_timeout idle_timeout"}),
    key<&NodeLimits::requests>("requests", Count{1, 1'000'000, "off"}, "On one connection.",
                               {.also = "keepalive_requests"}),
    key<&NodeLimits::connection_age>("connection_age", Duration{1min, 24h, Off::word},
                                     "A connection as old as this ends with its next answer.",
                                     {.also = "keepalive_time"}),
};

constexpr Field kNameServerKeys[] = {
    key<&NameServers::servers>(
        "servers",
        Grammar<&read_name_servers, &quote_all<std::string>>{
            "list of 0 to 8 addresses",
            R"({"type": "array", "maxItems": 8, "items": {"type": "string"}})"},
        "DNS servers, asked in this order: 10.0.0.2, \"10.0.0.2:5353\", \"[::1]:53\". None: those "
        "of /etc/resolv.conf."),
    key<&NameServers::timeout>("timeout", Duration{100ms, 30'000ms},
                               "For the first answer; each try doubles it."),
    key<&NameServers::tries>("tries", Count{1, 10}, "Of each server."),
};

constexpr Field kReloadKeys[] = {
    key<&Reload::on_change>("on_change", Switch{.says_on = true},
                            "Reload by itself when files have changed and then rested for a "
                            "second; certificates, keys and passwords, too.",
                            {.effect = Effect::restart}),
};

constexpr Field kDefaultKeys[] = {
    key<&Defaults::http>("http", Sub{}, "See http of a domain."),
    key<&Defaults::websocket>("websocket", Sub{}, "See websocket of a domain."),
    key<&Defaults::origin>("origin", Sub{}, "See origin of a domain."),
    key<&Defaults::access>("access", Sub{}, "See access of a domain."),
    key<&Defaults::usage>("usage", Sub{}, "See usage of a domain."),
};

constexpr Field kNodeKeys[] = {
    key<&Document::version>("version", Count{1, 1}, "Of this format."),
    key<&Document::node>("node", Text{plain_name_problem, kPlainName},
                         "What this machine is called in logs and usage records.",
                         {.effect = Effect::restart, .also = "hostname", .usual = "the host name"}),
    key<&Document::workers>("workers", Count{1, 256, "auto"},
                            "Event loops; auto: one for each core that may be used.",
                            {.effect = Effect::restart, .also = "threads worker_processes"}),
    key<&Document::state_dir>(
        "state_dir",
        Grammar<&read_state_dir, &quote>{"path", R"({"type": "string", "minLength": 1})"},
        "What has to survive a restart: the figures of usage. A relative path starts at this "
        "file's folder.",
        {.effect = Effect::restart}),
    key<&Document::listeners>(
        "listeners", ListOfMaps{1, 64}, "Where clients connect.",
        {.effect = Effect::live,
         .also = "listen",
         .required = "at least one is needed, such as { name: web, ports: [80] }"}),
    key<&Document::admin>("admin", Sub{}, "Metrics, health and usage."),
    key<&Document::log>("log", Sub{}, "What is written down."),
    key<&Document::drain>("drain", Sub{},
                          "What happens to open sessions when Weir is told to stop.",
                          {.effect = Effect::live}),
    key<&Document::limits>("limits", Sub{},
                           "Protection against clients that never finish what they begin.",
                           {.effect = Effect::live}),
    key<&Document::trusted_proxies>(
        "trusted_proxies",
        Grammar<&read_proxies, &quote_all<Network>>{"list of 0 to 1000 networks",
                                                    R"({"type": ["array", "null"], "maxItems": 1000,
                "items": {"type": "string", "pattern": "^[0-9A-Fa-f:.]+(/[0-9]+)?$"}})"},
        "The proxies in front of Weir, which say in a field who the client is and whether it "
        "speaks TLS. What others say of it is dropped.",
        {.also = "set_real_ip_from real_ip trusted"}),
    key<&Document::client_address_header>(
        "client_address_header", Text{address_field_problem, kFieldName},
        "Where they say it: X-Forwarded-For, Forwarded, or a field of one address such as "
        "CF-Connecting-IP.",
        {.also = "real_ip_header"}),
    key<&Document::usage>("usage", Sub{}, "What is counted is kept below state_dir.",
                          {.effect = Effect::restart, .also = "metering accounting statistics"}),
    key<&Document::resolver>("resolver", Sub{}, "Who is asked for the addresses of names.",
                             {.effect = Effect::restart}),
    key<&Document::reload>("reload", Sub{}, "When files are read again."),
    key("defaults", Apart{"map", {}, [] { return keys(Of<Defaults>{}); }},
        "What every domain starts from, key by key."),
    key("domains",
        Apart{"pattern of files, or list of patterns and domains",
              R"({"anyOf": [{"type": "string", "minLength": 1},
                  {"type": "array", "items": {"anyOf": [
                    {"type": "string", "minLength": 1}, {"$ref": "#/definitions/domain"}]}}]})"},
        "Files that hold a domain each, such as domains/*.yaml, relative to this file's folder.",
        {.effect = Effect::live, .also = "include sites"}),
};

}  // namespace

Table keys(Of<AccessLog>) { return table_of<AccessLog, &check_access_log>(kAccessLogKeys); }
Table keys(Of<Log>) { return table_of<Log>(kLogKeys); }
Table keys(Of<Drain>) { return table_of<Drain>(kDrainKeys); }
Table keys(Of<NodeLimits>) { return table_of<NodeLimits>(kLimitKeys); }
Table keys(Of<NameServers>) { return table_of<NameServers>(kNameServerKeys, Layout::line); }
Table keys(Of<Reload>) { return table_of<Reload>(kReloadKeys, Layout::line); }
Table keys(Of<Defaults>) { return table_of<Defaults>(kDefaultKeys); }
Table keys(Of<Document>) { return table_of<Document>(kNodeKeys); }

}  // namespace gateway::config
