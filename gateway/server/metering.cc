#include "gateway/server/metering.h"

#include "gateway/log/log.h"
#include "gateway/usage/budget.h"
#include "gateway/usage/ledger/ledger.h"
#include "gateway/usage/meter/families.h"
#include "gateway/usage/meter/file.h"
#include "proto/base/text.h"

namespace gateway::server {

namespace {

// What a central store gets before the process ends; the rest goes with the next start.
constexpr std::chrono::milliseconds kLastWords{2000};

double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

Metering::Metering(Plan plan, const config::Document& document, net::Loop& loop)
    : plan_(std::move(plan)),
      loop_(loop),
      keeps_records_(document.usage.sessions),
      meters_({.folder = usage::meter::folder_of(plan_.state_dir),
               .node = document.node,
               .boot = plan_.boot,
               .workers = plan_.workers}) {
  std::vector<usage::RecordQueue*> queues;
  for (size_t i = 0; i < plan_.workers; ++i) {
    queues_.push_back(std::make_unique<usage::RecordQueue>());
    queues.push_back(queues_.back().get());
  }
  ledger_writer_ = std::make_unique<usage::ledger::Writer>(
      usage::ledger::Writer::Plan{.state_dir = plan_.state_dir,
                                  .node = document.node,
                                  .boot = plan_.boot,
                                  .flush_interval = document.usage.flush_interval,
                                  .keep = document.usage.keep,
                                  .wall = {}},
      meters_, std::move(queues));
  desk_ = std::make_unique<admin::UsageDesk>(
      loop, admin::UsageDesk::Plan{.node = document.node,
                                   .ledger_path = usage::ledger::file_path(plan_.state_dir),
                                   .keep = document.usage.keep,
                                   .wall = {}});
  if (!document.usage.postgres) return;
  postgres_ = std::make_unique<postgres::Sink>(
      postgres::Sink::Plan{.url = document.usage.postgres->url,
                           .ledger_path = usage::ledger::file_path(plan_.state_dir),
                           .timeout = document.usage.postgres->timeout});
}

Metering::~Metering() { stop(); }

usage::RecordQueue* Metering::records(size_t worker) {
  return keeps_records_ ? queues_[worker].get() : nullptr;
}

void Metering::start() {
  started_ = true;
  if (postgres_) ledger_writer_->on_flushed([this] { postgres_->wake(); });
  ledger_writer_->start();
  if (postgres_) postgres_->start();
}

Metering::Rules Metering::rules_of(const config::Document& document,
                                   usage::BudgetStandings& standings) {
  Rules rules{.tariffs = std::make_shared<const usage::answers::Tariffs>(
                  usage::answers::Tariffs::of(document)),
              .budgets = {},
              .closes = {}};
  for (const config::Domain& domain : document.domains) {
    usage::BudgetPlan plan = usage::budget_plan(domain.usage);
    if (!plan.limits_anything()) continue;
    const std::string label = domain.label();
    plan.standing = standings.of(label);
    rules.closes[label] = domain.usage.budget.close;
    rules.budgets.emplace(label, std::move(plan));
  }
  return rules;
}

void Metering::use(std::shared_ptr<const Rules> rules) {
  if (rules == rules_) return;
  rules_ = std::move(rules);
  desk_->use(rules_->tariffs);
  ledger_writer_->use_budgets(rules_->budgets,
                              [this](const std::string& domain, usage::BudgetStanding now) {
                                loop_.post([this, domain, now] { budget_changed(domain, now); });
                              });
}

void Metering::budget_changed(const std::string& domain, usage::BudgetStanding now) {
  const auto found = rules_->closes.find(domain);
  if (now == usage::BudgetStanding::hard && found != rules_->closes.end() && found->second)
    plan_.end_sessions(domain);
}

void Metering::stop() {
  desk_.reset();
  if (!ledger_writer_) return;
  ledger_writer_->stop();
  if (postgres_) postgres_->stop(kLastWords);
  postgres_.reset();
  ledger_writer_.reset();
  if (started_) return;
  for (size_t worker = 0; worker < meters_.size(); ++worker) meters_.book(worker).discard();
}

void Metering::ask(std::string path, std::string query, admin::UsageDone done) {
  desk_->ask(std::move(path), std::move(query), std::move(done));
}

void Metering::add_counted(metrics::UsageFacts& facts) const {
  facts.metered = [counted = meters_.counted()](metrics::Page& page) {
    usage::meter::add_families(counted, page);
  };
}

metrics::UsageFacts Metering::facts() {
  metrics::UsageFacts facts;
  const usage::ledger::Writer::Figures ledger = ledger_writer_->figures();
  facts.ledger_up = ledger.healthy;
  facts.ledger_lag_seconds = seconds(ledger.lag);
  facts.ledger_flush_seconds = seconds(ledger.last_flush);
  facts.ledger_errors = ledger.errors;
  facts.ledger_rows = ledger.rows_written;
  facts.records_dropped = ledger.records_dropped;
  for (const auto& [domain, closes] : rules_->closes) {
    const usage::BudgetStanding standing = standings_.of(domain)->load(std::memory_order_relaxed);
    facts.budgets.push_back({domain, static_cast<double>(standing)});
  }
  if (postgres_) {
    const postgres::Sink::Figures store = postgres_->figures();
    facts.postgres = {.connected = store.connected,
                      .lag_seconds = seconds(store.lag),
                      .errors = store.errors,
                      .rows = store.rows_sent,
                      .rows_refused = store.rows_refused};
  }
  return facts;
}

}  // namespace gateway::server
