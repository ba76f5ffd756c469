#include "gateway/config/usage_reader.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/config/secret.h"
#include "proto/base/database_url.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

constexpr TimeRange kFlush = {100ms, 60s};
constexpr TimeRange kInterim = {10s, 24h};
constexpr TimeRange kKeep = {24h, 3650 * 24h};
constexpr TimeRange kDatabase = {1s, 5min};
constexpr Range kOverhead = {0, 20};
constexpr Range kSoft = {1, 100};
constexpr Range kTraffic = {1'000'000, 1'000'000'000'000'000'000};
constexpr Range kCount = {1, 1'000'000'000'000'000};
constexpr std::string_view kLimits[] = {"traffic", "connection_seconds", "messages"};

// No message repeats the address: it may hold a password.
void read_url(const Section& section, Postgres& postgres) {
  if (!section.has("url")) {
    section.error("url", "is missing: write file:/path of a file that holds the address");
  }
  auto secret = secret_value(section, "url");
  if (!secret) return;
  if (auto problem = proto::database_url_problem(secret->value))
    return section.error("url", *problem);
  if (secret->reference.empty() && proto::has_password(secret->value)) {
    section.warn("url", "W_SECRET_IN_FILE",
                 "a password stands in the configuration itself: write the address into a file "
                 "of its own, and here file:/path or ${NAME} of a variable");
  }
  postgres.url = std::move(secret->value);
  postgres.url_source = std::move(secret->reference);
}

void read_postgres(const Section& section, std::optional<Postgres>& postgres) {
  const Node* node = section.find("postgres");
  if (node == nullptr) return;
  if (node->kind == Node::Kind::scalar && node->text == "off") return postgres.reset();
  if (node->kind != Node::Kind::map && node->kind != Node::Kind::null) {
    return section.error("postgres", "must be off, or a map: write { url: file:/path }");
  }
  auto below = section.section("postgres");
  if (!below) return;
  read_url(*below, postgres.emplace());
  below->duration("timeout", postgres->timeout, kDatabase);
}

void read_budget(const Section& section, Budget& budget) {
  section.traffic("traffic", budget.traffic, kTraffic);
  section.number("connection_seconds", budget.connection_seconds, kCount, "off");
  section.number("messages", budget.messages, kCount, "off");
  section.choice("period", budget.period, kPeriods);
  section.percent("soft", budget.soft_percent, kSoft);
  section.boolean("close", budget.close);
}

}  // namespace

void read_usage(const Section& section, Usage& usage) {
  usage.place = section.place();
  section.duration("flush_interval", usage.flush_interval, kFlush);
  section.duration("interim_interval", usage.interim_interval, kInterim);
  section.duration("keep", usage.keep, kKeep);
  section.boolean("sessions", usage.sessions);
  read_postgres(section, usage.postgres);
}

void read_domain_usage(const Section& section, DomainUsage& usage) {
  section.choice("billing", usage.billing, kBillings);
  section.choice("direction", usage.direction, kDirections);
  section.percent("overhead_percent", usage.overhead_percent, kOverhead);
  section.boolean("deduct_undelivered", usage.deduct_undelivered);
  if (auto budget = section.section("budget")) read_budget(*budget, usage.budget);
}

void warn_without_limit(const Section& section, const Budget& budget) {
  const Node* node = section.find("budget");
  bool is_map =
      node != nullptr && (node->kind == Node::Kind::map || node->kind == Node::Kind::null);
  if (!is_map || budget.traffic || budget.connection_seconds || budget.messages) return;
  bool meant = false;
  for (const Node::Key& key : node->keys) {
    meant =
        meant || std::find(std::begin(kLimits), std::end(kLimits), key.name) != std::end(kLimits);
  }
  if (meant && !budget.close) return;
  std::string text = budget.close ? "close: true has nothing to act on: " : "";
  section.warn("budget", "W_BUDGET_WITHOUT_LIMIT",
               text + "no limit is set; write traffic: 500GB, connection_seconds or messages");
}

}  // namespace gateway::config
