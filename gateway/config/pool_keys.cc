// The keys below `origin:` that say which server a session gets: servers, health, ejection, …
#include <algorithm>

#include "gateway/config/addresses.h"
#include "gateway/config/key.h"
#include "gateway/config/keys.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/yaml_lines.h"
#include "proto/base/host.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

constexpr Range kExpect = {1, 10};
constexpr Count kInARow = {1, 10};
constexpr Duration kTimeToLive{1s, 24h};
constexpr size_t kLongestPath = 2048;

bool is_visible_ascii(char c) { return c > 0x20 && c < 0x7F; }

void read_server_address(const MapReader& map, std::string_view key, Server& server) {
  const auto value = map.scalar(key);
  if (!value) return;
  if (value->find("//") != std::string::npos) {
    return map.error(key, in_quotes(*value) +
                              " is a URL: write host or host:port; origin.protocol says whether it "
                              "is http or https");
  }
  auto parts = parse_host_port(*value);
  if (!parts) return map.error(key, parts.error());
  server.host = std::move(parts->host);
  server.port = parts->port;
}

std::string shown_server_address(const Server& server) {
  return quote(join_host_port(server.host, server.port));
}

void read_check_path(const MapReader& map, std::string_view key, std::string& path) {
  auto value = map.scalar(key);
  if (!value) return;
  const bool good = value->starts_with('/') && value->size() <= kLongestPath &&
                    value->find('#') == std::string::npos &&
                    std::all_of(value->begin(), value->end(), is_visible_ascii);
  if (!good) {
    return map.error(key, in_quotes(*value) +
                              " is not a path: it begins with / and has no space, no # and only "
                              "ASCII, at most 2048 characters");
  }
  path = std::move(*value);
}

// A host as a Host field can hold it.
void read_check_host(const MapReader& map, std::string_view key, std::string& host) {
  const auto value = map.scalar(key);
  if (!value) return;
  const auto parts = parse_host_port(*value);
  if (!parts) {
    return map.error(key, in_quotes(*value) +
                              " is not a host: write \"name.example.net\", "
                              "\"name.example.net:8080\" or \"[::1]\"; " +
                              parts.error());
  }
  host = proto::canonical_host(parts->host);
  if (parts->port) host += ':' + std::to_string(*parts->port);
}

proto::Result<StatusRange, std::string> parse_status_range(std::string_view text) {
  const size_t dash = text.find('-');
  const auto first = proto::parse_decimal(text.substr(0, dash));
  const auto last =
      dash == std::string_view::npos ? first : proto::parse_decimal(text.substr(dash + 1));
  if (!first || !last || *first < 100 || *last > 599 || *first > *last) {
    return proto::Unexpected{in_quotes(text) +
                             " is no range of status codes: write \"200-399\" or 204; allowed is "
                             "100 to 599"};
  }
  return StatusRange{static_cast<uint32_t>(*first), static_cast<uint32_t>(*last)};
}

void read_expect(const MapReader& map, std::string_view key, std::vector<StatusRange>& expect) {
  auto ranges = list_of<StatusRange>(map, key, kExpect, parse_status_range);
  if (ranges && !ranges->empty()) expect = std::move(*ranges);
}

// A key that the type of check does not use has its default, and the reader would warn of it.
std::optional<std::string> shown_check_path(const Health& health) {
  return health.type == Health::Type::tcp ? std::nullopt : std::optional(quote(health.path));
}

std::optional<std::string> shown_check_host(const Health& health) {
  const bool unused = health.type == Health::Type::tcp || health.host.empty();
  return unused ? std::nullopt : std::optional(quote(health.host));
}

std::optional<std::string> shown_expect(const Health& health) {
  if (health.type != Health::Type::http) return std::nullopt;
  std::vector<std::string> texts;
  for (const StatusRange& range : health.expect)
    texts.push_back(std::to_string(range.first) + '-' + std::to_string(range.last));
  return quote_all(texts);
}

void warn_of_unused(const MapReader& map, const Health& health) {
  const auto warn = [&map](std::string_view key, const char* types) {
    if (!map.has(key)) return;
    map.warn(key, "W_HEALTH_TYPE", std::string("acts only with type: ") + types);
  };
  if (health.type == Health::Type::tcp) {
    warn("path", "http or websocket");
    warn("host", "http or websocket");
  }
  if (health.type != Health::Type::http) warn("expect", "http");
}

void check_resolve(const MapReader& map, const Resolve& resolve) {
  if (resolve.min <= resolve.max) return;
  map.error(map.has("min") ? "min" : "max",
            "min is above max: they are the least and the longest time that an answer is kept");
}

constexpr Field kServerKeys[] = {
    key<&Server::host, &Server::port>(
        "address",
        Grammar<&read_server_address, &shown_server_address>{
            "host, host:port or [IPv6]:port",
            R"({"type": "string", "minLength": 1, "pattern": "^[^/]+$"})"},
        "A name stands for all its addresses; without a port the one of `ports`.",
        {.also = "url host name", .required = "every server needs one, such as \"10.0.0.5:8080\""}),
    key<&Server::priority>("priority", Count{1, 255},
                           "Lower ones first; the next only when all of these are down.",
                           {.also = "backup"}),
    key<&Server::weight>("weight", Count{0, 100},
                         "The share among servers of one priority. 0: none of those who are new; "
                         "whom a sticky cookie leads there stays."),
};

constexpr Field kHealthKeys[] = {
    key<&Health::type>(
        "type", OneOf{},
        "tcp: it accepts a connection; http: it answers a GET; websocket: it accepts "
        "a handshake."),
    key<&Health::interval>("interval", Duration{500ms, 5min}, "Between two checks."),
    key<&Health::timeout>("timeout", Duration{100ms, 60s}, "One whole check."),
    key<&Health::fall>("fall", kInARow, "Failures in a row: down."),
    key<&Health::rise>("rise", kInARow, "Successes in a row: up."),
    key<&Health::path>("path",
                       Grammar<&read_check_path, &shown_check_path>{
                           "path", R"({"type": "string", "pattern": "^/[^ #]*$"})"},
                       "Of http and websocket; it may have a query.", {.usual = "/"}),
    key<&Health::host>("host",
                       Grammar<&read_check_host, &shown_check_host>{
                           "host or host:port", R"({"type": "string", "minLength": 1})"},
                       "Of http and websocket.",
                       {.usual = "the Host that a session of this domain has"}),
    key<&Health::expect>(
        "expect",
        Grammar<&read_expect, &shown_expect>{
            "list of 1 to 10 status codes or ranges",
            R"({"type": "array", "minItems": 1, "maxItems": 10, "items": {"anyOf": [
                {"type": "integer", "minimum": 100, "maximum": 599},
                {"type": "string", "pattern": "^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$"}]}})"},
        "Of http.", {.usual = "[\"200-399\"]"}),
};

constexpr Field kEjectionKeys[] = {
    key<&Ejection::failures>("failures", Count{1, 100}, "In a row.", {.also = "max_fails"}),
    key<&Ejection::time>("time", Duration{1s, 1h}, "Without new sessions.",
                         {.also = "fail_timeout"}),
};

constexpr Field kRetriesKeys[] = {
    key<&Retries::budget_percent>("budget", Percent{0, 100}, "Of all requests."),
    key<&Retries::attempts>("attempts", Count{0, 100},
                            "Further servers or addresses after the first.",
                            {.also = "max_retries"}),
};

constexpr Field kResolveKeys[] = {
    key<&Resolve::min>("min", kTimeToLive, "At least."),
    key<&Resolve::max>("max", kTimeToLive, "At most."),
};

}  // namespace

Table keys(Of<Server>) { return table_of<Server>(kServerKeys, Layout::line); }
Table keys(Of<Health>) { return table_of<Health, &warn_of_unused>(kHealthKeys); }
Table keys(Of<Ejection>) { return table_of<Ejection>(kEjectionKeys, Layout::line); }
Table keys(Of<Retries>) { return table_of<Retries>(kRetriesKeys, Layout::line); }
Table keys(Of<Resolve>) { return table_of<Resolve, &check_resolve>(kResolveKeys, Layout::line); }

}  // namespace gateway::config
