#include "gateway/config/known_keys.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "gateway/config/findings.h"

namespace gateway::config {

namespace {

constexpr size_t kLongestWord = 64;  // the distance of longer ones is not worth its time

// What other gateways and the older pages of this one call a key. More than one line for a word:
// the scope decides, then the level, then the order.
struct Alias {
  std::string_view word;
  Scope scope;
  std::string_view path;
};

constexpr Alias kAliases[] = {
    {"listen", Scope::node, "listeners"},
    {"ports", Scope::node, "listeners.ports"},
    {"port", Scope::node, "listeners.ports"},
    {"bind", Scope::node, "listeners.address"},
    {"accept_proxy", Scope::node, "listeners.proxy_protocol"},
    {"hostname", Scope::node, "node"},
    {"threads", Scope::node, "workers"},
    {"worker_processes", Scope::node, "workers"},
    {"include", Scope::node, "domains"},
    {"sites", Scope::node, "domains"},
    {"log_level", Scope::node, "log.level"},
    {"access_log", Scope::node, "log.access"},
    {"max_header_size", Scope::node, "limits.max_head"},
    {"shutdown_timeout", Scope::node, "drain.timeout"},
    {"timeout", Scope::node, "drain.timeout"},
    {"metering", Scope::node, "usage"},
    {"accounting", Scope::node, "usage"},
    {"statistics", Scope::node, "usage"},
    {"billing", Scope::node, "defaults.usage.billing"},
    {"budget", Scope::node, "defaults.usage.budget"},
    {"quota", Scope::node, "defaults.usage.budget"},
    {"retention", Scope::node, "usage.keep"},
    {"session_records", Scope::node, "usage.sessions"},
    {"postgresql", Scope::node, "usage.postgres"},
    {"database", Scope::node, "usage.postgres"},
    {"database_url", Scope::node, "usage.postgres.url"},
    {"dsn", Scope::node, "usage.postgres.url"},
    {"log_format", Scope::node, "log.access.format"},
    {"host", Scope::domain, "domain"},
    {"name", Scope::domain, "domain"},
    {"hosts", Scope::domain, "names"},
    {"server_name", Scope::domain, "names"},
    {"domains", Scope::domain, "names"},
    {"ws", Scope::domain, "websocket"},
    {"ssl", Scope::domain, "tls"},
    {"cert", Scope::domain, "tls.certificate"},
    {"certificate_key", Scope::domain, "tls.key"},
    {"private_key", Scope::domain, "tls.key"},
    {"min_tls_version", Scope::domain, "tls.min_version"},
    {"idle_timeout", Scope::domain, "websocket.connection_timeout"},
    {"timeout", Scope::domain, "websocket.connection_timeout"},
    {"proxy_read_timeout", Scope::domain, "websocket.connection_timeout"},
    {"send_stall", Scope::domain, "websocket.send_stall_timeout"},
    {"send_timeout", Scope::domain, "websocket.send_stall_timeout"},
    {"proxy_send_timeout", Scope::domain, "websocket.send_stall_timeout"},
    {"ping_interval", Scope::domain, "websocket.keepalive.interval"},
    {"ping_timeout", Scope::domain, "websocket.keepalive.timeout"},
    {"heartbeat", Scope::domain, "websocket.keepalive"},
    {"max_age", Scope::domain, "websocket.max_lifetime"},
    {"backend", Scope::domain, "origin"},
    {"upstream", Scope::domain, "origin"},
    {"backends", Scope::domain, "origin.servers"},
    {"upstreams", Scope::domain, "origin.servers"},
    {"origins", Scope::domain, "origin.servers"},
    {"proxy_connect_timeout", Scope::domain, "origin.connect_timeout"},
    {"scheme", Scope::domain, "origin.protocol"},
    {"url", Scope::domain, "origin.servers.address"},
    {"host", Scope::domain, "origin.servers.address"},
    {"name", Scope::domain, "origin.servers.address"},
    {"backup", Scope::domain, "origin.servers.priority"},
    {"load_balancing", Scope::domain, "origin.balance"},
    {"lb_policy", Scope::domain, "origin.balance"},
    {"health_check", Scope::domain, "origin.health"},
    {"healthcheck", Scope::domain, "origin.health"},
    {"outlier_detection", Scope::domain, "origin.ejection"},
    {"max_fails", Scope::domain, "origin.ejection.failures"},
    {"fail_timeout", Scope::domain, "origin.ejection.time"},
    {"max_retries", Scope::domain, "origin.retries.attempts"},
    {"keepalive_connections", Scope::domain, "origin.warm"},
    {"redirects", Scope::domain, "origin.max_redirects"},
    {"max_redirections", Scope::domain, "origin.max_redirects"},
    {"basic_auth", Scope::domain, "origin.auth"},
    {"user", Scope::domain, "origin.auth.username"},
    {"user", Scope::domain, "origin.forward_proxy.username"},
    {"proxy", Scope::domain, "origin.forward_proxy"},
    {"http_proxy", Scope::domain, "origin.forward_proxy"},
    {"send_proxy", Scope::domain, "origin.proxy_protocol"},
    {"proxy_bind", Scope::domain, "origin.source"},
    {"source_address", Scope::domain, "origin.source"},
    {"client_cert", Scope::domain, "origin.tls.client_certificate"},
    {"max_message_size", Scope::domain, "websocket.max_message"},
    {"insecure_skip_verify", Scope::domain, "origin.tls.verify"},
    {"allowed_origins", Scope::domain, "access.origins"},
    {"cors", Scope::domain, "access.origins"},
    {"metering", Scope::domain, "usage"},
    {"accounting", Scope::domain, "usage"},
    {"billing_mode", Scope::domain, "usage.billing"},
    {"overhead", Scope::domain, "usage.overhead_percent"},
    {"quota", Scope::domain, "usage.budget"},
    {"budget", Scope::domain, "usage.budget"},
    {"bytes", Scope::domain, "usage.budget.traffic"},
    {"traffic_limit", Scope::domain, "usage.budget.traffic"},
    {"hard", Scope::domain, "usage.budget.close"},
    {"soft_limit", Scope::domain, "usage.budget.soft"},
    {"warn_at", Scope::domain, "usage.budget.soft"},
    {"bandwidth", Scope::prices, "peak_bandwidth"},
    {"messages", Scope::prices, "per_million.messages"},
    {"packages", Scope::prices, "packs"},
    {"timezone", Scope::prices, "day_begins"},
};

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('.') + 1); }

std::string joined(std::string_view prefix, std::string_view key) {
  return prefix.empty() ? std::string(key) : std::string(prefix) + '.' + std::string(key);
}

std::vector<std::string_view> names_on(const Level& level) {
  std::vector<std::string_view> names;
  for (std::string_view path : known_paths(level.scope)) {
    if (joined(level.prefix, last_part(path)) == path) names.push_back(last_part(path));
  }
  return names;
}

// A key that is right but stands on the wrong level, as long as it can only belong in one place.
std::optional<std::string_view> misplaced(const Level& level, std::string_view key) {
  auto paths = known_paths(level.scope);
  auto has_name = [key](std::string_view path) { return last_part(path) == key; };
  auto found = std::find_if(paths.begin(), paths.end(), has_name);
  if (found == paths.end() || std::find_if(found + 1, paths.end(), has_name) != paths.end()) {
    return std::nullopt;
  }
  return *found;
}

std::optional<std::string_view> other_word(const Level& level, std::string_view key) {
  std::optional<std::string_view> first;
  for (const Alias& alias : kAliases) {
    if (alias.word != key || alias.scope != level.scope) continue;
    bool below = !level.prefix.empty() && alias.path.starts_with(level.prefix + '.');
    if (below) return alias.path;
    if (!first) first = alias.path;
  }
  return first;
}

// "warn" for "warning": a word that was cut short, as long as only one begins with it.
std::optional<std::string_view> completed(std::string_view word,
                                          std::span<const std::string_view> candidates) {
  if (word.size() < 3) return std::nullopt;
  auto begins = [word](std::string_view candidate) { return candidate.starts_with(word); };
  auto found = std::find_if(candidates.begin(), candidates.end(), begins);
  if (found == candidates.end()) return std::nullopt;
  if (std::find_if(found + 1, candidates.end(), begins) != candidates.end()) return std::nullopt;
  return *found;
}

// Levenshtein's distance, where two neighbours that changed places count as one slip.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

Level Level::below(std::string_view key) const { return {scope, joined(prefix, key)}; }

bool Level::knows(std::string_view key) const {
  auto paths = known_paths(scope);
  return key.find('.') == std::string_view::npos &&
         std::find(paths.begin(), paths.end(), joined(prefix, key)) != paths.end();
}

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
  if (word.size() > kLongestWord) return std::nullopt;
  // In a short word two slips leave nothing to recognise.
  size_t best = word.size() <= 4 ? 2 : 3;
  std::optional<std::string_view> found;
  for (std::string_view candidate : candidates) {
    size_t slips = distance(word, candidate);
    if (slips >= best) continue;
    best = slips;
    found = candidate;
  }
  return found ? found : completed(word, candidates);
}

std::string unknown_key(const Level& level, std::string_view key) {
  auto names = names_on(level);
  std::string out = "unknown key " + in_quotes(key);
  if (auto near = nearest(key, names)) return out + ": did you mean " + in_quotes(*near) + "?";
  // Many words have become keys of some corner, which is rarely what is meant on another level.
  auto elsewhere = other_word(level, key);
  if (!elsewhere) elsewhere = misplaced(level, key);
  if (elsewhere) return out + ": did you mean " + in_quotes(*elsewhere) + "?";
  return out + "; known here: " + one_of(names);
}

std::string one_of(std::span<const std::string_view> names) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i];
  }
  return out;
}

}  // namespace gateway::config
