#include "gateway/metrics/usage_families.h"

#include <array>
#include <memory>
#include <utility>
#include <vector>

namespace gateway::metrics {

namespace {

using Blocks = std::vector<std::unique_ptr<Domain>>;

struct Meter {
  std::string_view name;
  std::string_view direction;
  Direction Domain::*way;
  Count Direction::*count;
};
constexpr std::array<Meter, 4> kMeters{
    {{"message_units_2k", "in", &Domain::from_client, &Direction::units_2k},
     {"message_units_2k", "out", &Domain::from_origin, &Direction::units_2k},
     {"message_units_32k", "in", &Domain::from_client, &Direction::units_32k},
     {"message_units_32k", "out", &Domain::from_origin, &Direction::units_32k}}};

void add_units(const Registry& registry, Page& page) {
  Family units = counter("weir_billed_units_total",
                         "Messages in started units of 2 KiB and 32 KiB of payload; in is from the "
                         "client, out from the origin.");
  registry.for_each_domain([&](const std::string& name, const Blocks& blocks) {
    for (const Meter& meter : kMeters) {
      units.add_if({{"domain", name}, {"meter", meter.name}, {"direction", meter.direction}},
                   sum(blocks, [&](const Domain& block) -> const Count& {
                     return block.*meter.way.*meter.count;
                   }));
    }
  });
  page.add(units);
}

void add_session_seconds(const Registry& registry, const UsageFacts& facts, Page& page) {
  if (!facts.session_seconds) return;
  Family seconds =
      counter("weir_session_seconds_total",
              "Duration of sessions in seconds, open ones included; by 60: connection minutes.");
  registry.for_each_domain([&](const std::string& name, const Blocks&) {
    seconds.add({{"domain", name}}, facts.session_seconds(name));
  });
  page.add(seconds);
}

void add_ledger(const UsageFacts& facts, Page& page) {
  page.add_gauge("weir_usage_ledger_up",
                 "Whether the last flush reached the disk; 0: usage is kept in memory meanwhile.",
                 facts.ledger_up ? 1 : 0);
  page.add_gauge("weir_usage_ledger_lag_seconds",
                 "Age of the oldest change of usage that is not on the disk yet.",
                 facts.ledger_lag_seconds);
  page.add_gauge("weir_usage_ledger_flush_seconds", "How long the last flush took.",
                 facts.ledger_flush_seconds);
  page.add_counter("weir_usage_ledger_errors_total", "Flushes that failed.",
                   static_cast<double>(facts.ledger_errors));
  page.add_counter("weir_usage_ledger_rows_total", "Rows of usage written to the ledger.",
                   static_cast<double>(facts.ledger_rows));
  page.add_counter("weir_usage_records_dropped_total",
                   "Session records dropped because the ledger was stuck; sums are never dropped.",
                   static_cast<double>(facts.records_dropped));
}

void add_postgres(const UsageFacts::Postgres& facts, Page& page) {
  page.add_gauge("weir_usage_postgres_up", "Whether the central store was reached last.",
                 facts.connected ? 1 : 0);
  page.add_gauge("weir_usage_postgres_lag_seconds",
                 "Time since everything was acknowledged by the central store.", facts.lag_seconds);
  page.add_counter("weir_usage_postgres_errors_total", "Attempts that failed.",
                   static_cast<double>(facts.errors));
  page.add_counter("weir_usage_postgres_rows_total", "Rows that were acknowledged.",
                   static_cast<double>(facts.rows));
  page.add_gauge("weir_usage_postgres_rows_refused",
                 "Rows that the central store refuses for what they hold; kept and tried again.",
                 static_cast<double>(facts.rows_refused));
}

void add_budgets(const UsageFacts& facts, Page& page) {
  Family standing = gauge("weir_usage_budget_state",
                          "Where the domain stands: 0 within, 1 beyond the soft limit, 2 beyond "
                          "the hard one, where upgrades are refused.");
  for (const UsageFacts::Budget& one : facts.budgets)
    standing.add({{"domain", one.domain}}, one.state);
  page.add(standing);
}

}  // namespace

void add_usage(const Registry& registry, const UsageFacts& facts, Page& page) {
  add_session_seconds(registry, facts, page);
  add_units(registry, page);
  add_ledger(facts, page);
  add_budgets(facts, page);
  if (facts.postgres) add_postgres(*facts.postgres, page);
}

}  // namespace gateway::metrics
