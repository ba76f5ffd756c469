// The keys below `usage:`, of the node and of a domain: what is metered, kept and paid for.
#include "gateway/config/key.h"
#include "gateway/config/keys.h"
#include "gateway/config/references.h"
#include "gateway/config/yaml_lines.h"
#include "proto/base/database_url.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

constexpr Count kAmount{1, 1'000'000'000'000'000, "off"};

// No message repeats the address: it may hold a password.
void read_url(const MapReader& map, std::string_view key, Postgres& postgres) {
  auto secret = secret_value(map, key);
  if (!secret) return;
  if (auto problem = proto::database_url_problem(secret->value)) return map.error(key, *problem);
  if (secret->reference.empty() && proto::has_password(secret->value)) {
    map.warn(key, "W_SECRET_IN_FILE",
             "a password stands in the configuration itself: write the address into a file of its "
             "own, and here file:/path or ${NAME} of a variable");
  }
  postgres.url = std::move(secret->value);
  postgres.url_source = std::move(secret->reference);
}

// The print is shown around, so a password stays out of it.
std::string shown_url(const Postgres& postgres) {
  const std::string& source = postgres.url_source;
  return quote(source.empty() ? proto::without_password(postgres.url) : source);
}

constexpr Field kPostgresKeys[] = {
    key<&Postgres::url, &Postgres::url_source>(
        "url",
        Grammar<&read_url, &shown_url>{
            "file:/path, ${NAME}, or the address: postgresql://user@host/database",
            R"({"type": "string", "minLength": 1})"},
        "It may hold a password, so let it come from a file of its own or from the environment.",
        {.also = "database_url dsn",
         .required = "write file:/path of a file that holds the address"}),
    key<&Postgres::timeout>("timeout", Duration{1s, 5min}, "For a connection, and for a batch."),
};

constexpr Field kUsageKeys[] = {
    key<&Usage::flush_interval>("flush_interval", Duration{100ms, 60s},
                                "What is newer than this may be lost when the power fails, though "
                                "not in a crash."),
    key<&Usage::interim_interval>("interim_interval", Duration{10s, 24h},
                                  "How often an open session is written down while it lasts."),
    key<&Usage::keep>("keep", Duration{24h, 3650 * 24h}, "Older figures are removed.",
                      {.also = "retention"}),
    key<&Usage::sessions>("sessions", Switch{.says_on = true},
                          "A record of each session beside the sums of each domain.",
                          {.also = "session_records"}),
    key<&Usage::postgres>("postgres", SubOrOff{},
                          "One PostgreSQL table for all nodes of a fleet; what cannot be delivered "
                          "waits in state_dir.",
                          {.also = "postgresql database"}),
};

constexpr Field kBudgetKeys[] = {
    key<&Budget::traffic>("traffic", Traffic{1'000'000, 1'000'000'000'000'000'000},
                          "Bytes of the billed direction, such as 500GB, where 1GB is 10^9.",
                          {.also = "bytes traffic_limit"}),
    key<&Budget::connection_seconds>("connection_seconds", kAmount,
                                     "The ages of all sessions together."),
    key<&Budget::messages>("messages", kAmount, "Of both directions together."),
    key<&Budget::period>("period", OneOf{}, "In UTC."),
    key<&Budget::soft_percent>("soft", Percent{1, 100},
                               "From this share of any limit on there is a warning in log and "
                               "metric.",
                               {.also = "soft_limit warn_at"}),
    key<&Budget::close>("close", Switch{},
                        "true: a limit that is used up ends open sessions, too, with 1008.",
                        {.also = "hard"}),
};

constexpr Field kDomainUsageKeys[] = {
    key<&DomainUsage::billing>("billing", OneOf{},
                               "traffic: bytes; peak_bandwidth: the highest 5 minutes of a day.",
                               {.also = "billing_mode"}),
    key<&DomainUsage::direction>("direction", OneOf{},
                                 "out: from Weir to the clients, is billed; or both."),
    key<&DomainUsage::overhead_percent>(
        "overhead_percent", Percent{.least = 0, .most = 20, .bare = true},
        "For TCP/IP headers; shown as a figure of its own, never mixed in.", {.also = "overhead"}),
    key<&DomainUsage::deduct_undelivered>(
        "deduct_undelivered", Switch{},
        "What a client had not acknowledged when its connection was lost is not billed."),
    key<&DomainUsage::budget>("budget", Sub{},
                              "What the domain may use up in a period, on each node. Once a limit "
                              "is reached, new sessions are refused with 429.",
                              {.effect = Effect::live, .also = "budget quota"}),
};

}  // namespace

Table keys(Of<Postgres>) { return table_of<Postgres>(kPostgresKeys, Layout::line); }
Table keys(Of<Usage>) { return table_of<Usage>(kUsageKeys); }
Table keys(Of<Budget>) { return table_of<Budget>(kBudgetKeys); }
Table keys(Of<DomainUsage>) { return table_of<DomainUsage>(kDomainUsageKeys); }

}  // namespace gateway::config
