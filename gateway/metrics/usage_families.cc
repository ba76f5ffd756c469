#include "gateway/metrics/usage_families.h"

#include <utility>

namespace gateway::metrics {

namespace {

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
  page.add(std::move(standing));
}

}  // namespace

void add_usage(const UsageFacts& facts, Page& page) {
  if (facts.metered) facts.metered(page);
  add_ledger(facts, page);
  add_budgets(facts, page);
  if (facts.postgres) add_postgres(*facts.postgres, page);
}

}  // namespace gateway::metrics
