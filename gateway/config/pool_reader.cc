#include <algorithm>
#include <utility>

#include "gateway/config/addresses.h"
#include "gateway/config/origin_reader.h"
#include "proto/base/host.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

constexpr Range kServers = {1, 20};
constexpr Range kPriority = {1, 255};
constexpr Range kWeight = {1, 100};
constexpr Range kInARow = {1, 10};
constexpr Range kFailures = {1, 100};
constexpr Range kRetryBudget = {0, 100};
constexpr Range kAttempts = {0, 100};
constexpr Range kWarm = {0, 64};
constexpr Range kExpect = {1, 10};
constexpr TimeRange kInterval = {500ms, 5min};
constexpr TimeRange kCheck = {100ms, 60s};
constexpr TimeRange kEjected = {1s, 1h};
constexpr TimeRange kWarmIdle = {1s, 10min};
constexpr TimeRange kTimeToLive = {1s, 24h};
constexpr size_t kLongestName = 128;
constexpr size_t kLongestPath = 2048;

bool is_visible(char c) { return c > 0x20 && c < 0x7F; }

void read_server_address(const Section& section, Server& server) {
  auto value = section.scalar("address");
  if (!value) {
    if (!section.has("address")) {
      section.error("address", "is missing: every server needs one, such as \"10.0.0.5:8080\"");
    }
    return;
  }
  if (value->find("//") != std::string::npos) {
    return section.error("address", in_quotes(*value) +
                                        " is a URL: write host or host:port; origin.protocol says "
                                        "whether it is http or https");
  }
  auto parts = parse_host_port(*value);
  if (!parts) return section.error("address", parts.error());
  server.host = std::move(parts->host);
  server.port = parts->port;
}

void read_servers(const Section& section, Origin& origin) {
  std::vector<Server> servers;
  bool given = section.list("servers", kServers, [&](const Node& node, const std::string& path) {
    if (node.kind == Node::Kind::scalar) {
      section.error(node, path, "must be a map: write { address: " + in_quotes(node.text) + " }");
      servers.emplace_back();
      return;
    }
    Section server = section.item(node, path, "servers");
    servers.emplace_back().place = server.place();
    read_server_address(server, servers.back());
    server.number("priority", servers.back().priority, kPriority);
    server.number("weight", servers.back().weight, kWeight);
  });
  if (given) origin.servers = std::move(servers);
}

// Names stand in requests as they are, so what would have to be escaped there cannot match.
bool can_be_name(HashOn::Source source, std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return false;
  if (source != HashOn::Source::query) return proto::is_token(name);
  return std::all_of(name.begin(), name.end(), is_visible) &&
         name.find_first_of("&=#%+?") == std::string_view::npos;
}

// "client_ip", or "cookie:sid".
void read_hash_on(const Section& section, HashOn& hash_on) {
  constexpr std::string_view kForms =
      "; allowed is client_ip, \"header:NAME\", \"cookie:NAME\" or \"query:NAME\"";
  auto value = section.scalar("hash_on");
  if (!value) return;
  size_t colon = value->find(':');
  auto word = std::string_view(*value).substr(0, colon);
  auto known = std::find_if(kHashSources.begin(), kHashSources.end(),
                            [word](const auto& source) { return source.text == word; });
  bool named = colon != std::string::npos;
  if (known == kHashSources.end() || named == (known->value == HashOn::Source::client_ip)) {
    return section.error("hash_on", in_quotes(*value) + " is not known here" + std::string(kForms));
  }
  std::string name = named ? value->substr(colon + 1) : "";
  if (named && !can_be_name(known->value, name)) {
    return section.error("hash_on", in_quotes(name) + " is not the name of a " +
                                        std::string(known->text) + std::string(kForms));
  }
  bool header = known->value == HashOn::Source::header;
  hash_on = {known->value, header ? proto::to_lower(name) : std::move(name)};
}

void read_path(const Section& section, std::string& path) {
  auto value = section.scalar("path");
  if (!value) return;
  bool good = value->starts_with('/') && value->size() <= kLongestPath &&
              value->find('#') == std::string::npos &&
              std::all_of(value->begin(), value->end(), is_visible);
  if (!good) {
    return section.error("path", in_quotes(*value) +
                                     " is not a path: it begins with / and has no space, no # and "
                                     "only ASCII, at most 2048 characters");
  }
  path = std::move(*value);
}

// What a Host field can hold.
void read_host(const Section& section, std::string& host) {
  auto value = section.scalar("host");
  if (!value) return;
  auto parts = parse_host_port(*value);
  if (!parts) {
    return section.error("host", in_quotes(*value) +
                                     " is not a host: write \"name.example.net\", "
                                     "\"name.example.net:8080\" or \"[::1]\"; " +
                                     parts.error());
  }
  host = proto::canonical_host(parts->host);
  if (parts->port) host += ':' + std::to_string(*parts->port);
}

std::optional<StatusRange> status_range(std::string_view text) {
  size_t dash = text.find('-');
  auto first = proto::parse_decimal(text.substr(0, dash));
  auto last = dash == std::string_view::npos ? first : proto::parse_decimal(text.substr(dash + 1));
  if (!first || !last || *first < 100 || *last > 599 || *first > *last) return std::nullopt;
  return StatusRange{static_cast<uint32_t>(*first), static_cast<uint32_t>(*last)};
}

void read_expect(const Section& section, std::vector<StatusRange>& expect) {
  std::vector<StatusRange> ranges;
  bool given = section.list("expect", kExpect, [&](const Node& node, const std::string& path) {
    auto value = section.scalar(node, path);
    if (!value) return;
    if (auto range = status_range(*value)) return ranges.push_back(*range);
    section.error(node, path,
                  in_quotes(*value) +
                      " is no range of status codes: write \"200-399\" or 204; allowed is 100 to "
                      "599");
  });
  if (given && !ranges.empty()) expect = std::move(ranges);
}

void warn_of_unused(const Section& section, Health::Type type) {
  using Type = Health::Type;
  auto warn = [&section](std::string_view key, const char* types) {
    if (!section.has(key)) return;
    section.warn(key, "W_HEALTH_TYPE", std::string("acts only with type: ") + types);
  };
  if (type == Type::tcp) {
    warn("path", "http or websocket");
    warn("host", "http or websocket");
  }
  if (type != Type::http) warn("expect", "http");
}

void read_health(const Section& section, Health& health) {
  section.choice("type", health.type, kHealthTypes);
  section.duration("interval", health.interval, kInterval);
  section.duration("timeout", health.timeout, kCheck);
  section.number("fall", health.fall, kInARow);
  section.number("rise", health.rise, kInARow);
  read_path(section, health.path);
  read_host(section, health.host);
  read_expect(section, health.expect);
  warn_of_unused(section, health.type);
}

void read_resolve(const Section& section, Resolve& resolve) {
  section.duration("min", resolve.min, kTimeToLive);
  section.duration("max", resolve.max, kTimeToLive);
  if (resolve.min <= resolve.max) return;
  section.error(section.has("min") ? "min" : "max",
                "min is above max: they are the least and the "
                "longest time that an answer is kept");
}

}  // namespace

void read_pool(const Section& section, Origin& origin) {
  read_servers(section, origin);
  section.choice("balance", origin.balance, kBalances);
  read_hash_on(section, origin.hash_on);
  if (auto health = section.section_or_off("health", origin.health)) {
    read_health(*health, *origin.health);
  }
  if (auto ejection = section.section_or_off("ejection", origin.ejection)) {
    ejection->number("failures", origin.ejection->failures, kFailures);
    ejection->duration("time", origin.ejection->time, kEjected);
  }
  if (auto retries = section.section("retries")) {
    retries->percent("budget", origin.retries.budget_percent, kRetryBudget);
    retries->number("attempts", origin.retries.attempts, kAttempts);
  }
  section.number("warm", origin.warm, kWarm);
  section.duration("warm_idle", origin.warm_idle, kWarmIdle);
  if (auto resolve = section.section("resolve")) read_resolve(*resolve, origin.resolve);
}

}  // namespace gateway::config
