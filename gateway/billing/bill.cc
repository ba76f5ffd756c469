#include "gateway/billing/bill.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "gateway/billing/bill_lines.h"
#include "gateway/billing/bill_traffic.h"
#include "gateway/billing/bill_usage.h"
#include "gateway/config/units.h"
#include "proto/base/calendar.h"

namespace gateway::billing {

namespace {

using proto::Unexpected;
using Problem = std::optional<std::string>;

constexpr std::array<std::string_view, 3> kModes = {"traffic", "peak_bandwidth", "p95"};
// Refusals without a domain have rows, too, but nothing that is billed.
using config::kUnmatched;

// The shortest text of the configured number is what the operator wrote.
Decimal overhead_percent(const config::DomainUsage& usage) {
  std::string text = config::format_percent(usage.overhead_percent);
  text.pop_back();
  return Decimal::parse(text).value_or(Decimal());
}

// One run of make_bill.
class Billing {
 public:
  Billing(const Prices& prices, const BillRequest& request)
      : prices_(prices), request_(request), traffic_(prices, request.from) {}

  Problem read(usage::Rows& rows);
  Problem check() const;
  Bill make();

 private:
  config::DomainUsage configured(const std::string& domain) const;
  BillMode mode_of(const std::string& domain) const;
  Problem check_domain(const std::string& domain) const;
  Problem check_period(BillMode mode) const;
  std::vector<Pack> all_packs() const;
  void name_domains();
  void pay_traffic();
  DomainBill bill_of(const std::string& domain);
  void note_open(const BilledUsage& usage, DomainBill& bill) const;
  void note_period(Bill& bill) const;
  void note_packs(Bill& bill) const;

  const Prices& prices_;
  const BillRequest& request_;
  TrafficBilling traffic_;
  BilledUsages usages_;
  std::vector<std::string> domains_;  // that are on the bill
  std::optional<int64_t> first_row_;
};

config::DomainUsage Billing::configured(const std::string& domain) const {
  const auto found = request_.configured.find(domain);
  return found == request_.configured.end() ? config::DomainUsage{} : found->second;
}

BillMode Billing::mode_of(const std::string& domain) const {
  if (request_.mode) return *request_.mode;
  const bool peak = configured(domain).billing == config::DomainUsage::Billing::peak_bandwidth;
  return peak ? BillMode::peak_bandwidth : BillMode::traffic;
}

std::vector<Pack> Billing::all_packs() const {
  std::vector<Pack> packs = prices_.packs;
  for (const auto& [domain, own] : prices_.own_packs) {
    packs.insert(packs.end(), own.begin(), own.end());
  }
  return packs;
}

Problem Billing::read(usage::Rows& rows) {
  const auto packs = all_packs();
  UsageWanted wanted;
  wanted.selection.from = bearing_from(packs, request_.from, prices_.zone);
  wanted.selection.to = request_.to;
  // A shared pack may have been used by domains that are not asked for.
  if (packs.empty()) wanted.selection.domains = request_.domains;
  wanted.counts_from = request_.from;
  wanted.terms = [this](const std::string& domain) { return configured(domain); };
  auto usages = collect(rows, wanted);
  if (!usages) return std::move(usages.error());
  usages_ = std::move(*usages);
  for (const auto& [domain, usage] : usages_) {
    const int64_t first = usage.samples.front().bucket;
    first_row_ = std::min(first_row_.value_or(first), first);
  }
  name_domains();
  return std::nullopt;
}

void Billing::name_domains() {
  std::set<std::string> names(request_.domains.begin(), request_.domains.end());
  if (names.empty()) {
    for (const auto& [domain, usage] : request_.configured) names.insert(domain);
    for (const auto& [domain, usage] : usages_) {
      if (domain != kUnmatched && usage.samples.back().bucket >= request_.from) {
        names.insert(domain);
      }
    }
  }
  domains_.assign(names.begin(), names.end());
}

Problem Billing::check() const {
  if (domains_.empty()) return "there is no domain to bill: none is configured, none has usage";
  for (const std::string& domain : domains_) {
    if (auto problem = check_domain(domain)) return problem;
  }
  return std::nullopt;
}

Problem Billing::check_domain(const std::string& domain) const {
  if (!request_.configured.contains(domain) && !usages_.contains(domain)) {
    return "there is no usage of a domain '" + domain +
           "' in the period, and no configuration that names it";
  }
  const BillMode mode = mode_of(domain);
  const PriceSet& set = prices_.of(domain);
  const std::array<bool, 3> priced = {!set.traffic.empty(), !set.peak_bandwidth.empty(),
                                      set.p95.has_value()};
  if (!priced[static_cast<size_t>(mode)]) {
    return "the price file has no price of " + std::string(to_string(mode)) + ", by which " +
           domain + " is billed";
  }
  if (auto problem = check_period(mode)) return domain + ": " + *problem;
  return std::nullopt;
}

Problem Billing::check_period(BillMode mode) const {
  struct Rule {
    int64_t (*begin)(int64_t time, int64_t zone);
    const char* text;
  };
  static constexpr std::array<Rule, 3> kRules = {
      {{proto::hour_begin, "traffic is billed by whole hours"},
       {proto::day_begin, "peak bandwidth is billed by whole days"},
       {proto::month_begin, "the 95th percentile is of whole months"}}};
  const Rule& rule = kRules[static_cast<size_t>(mode)];
  for (const int64_t time : {request_.from, request_.to}) {
    if (rule.begin(time, prices_.zone) == time) continue;
    return std::string(rule.text) + ", and " + proto::format_moment(time, prices_.zone) +
           " is not where one begins";
  }
  return std::nullopt;
}

void Billing::pay_traffic() {
  for (const std::string& domain : domains_) usages_.try_emplace(domain);
  for (const auto& [domain, usage] : usages_) {
    if (mode_of(domain) == BillMode::traffic) traffic_.add(domain, usage);
  }
  traffic_.run();
}

Bill Billing::make() {
  pay_traffic();
  Bill bill;
  bill.currency = prices_.currency;
  bill.digits = prices_.digits;
  bill.zone = prices_.zone;
  bill.from = request_.from;
  bill.to = request_.to;
  bill.final = request_.now >= request_.to;
  for (const std::string& domain : domains_) {
    bill.domains.push_back(bill_of(domain));
    bill.total += bill.domains.back().total;
    bill.final = bill.final && usages_[domain].open.empty();
  }
  bill.packs = traffic_.packs(request_.to);
  note_period(bill);
  note_packs(bill);
  return bill;
}

DomainBill Billing::bill_of(const std::string& domain) {
  DomainBill bill;
  bill.domain = domain;
  bill.mode = mode_of(domain);
  bill.direction = configured(domain).direction;
  const int64_t end = std::min(request_.to, usage::bucket_of(request_.now) + usage::kBucketSeconds);
  BillLines lines(prices_, usages_[domain], request_.from, end, bill);
  switch (bill.mode) {
    case BillMode::traffic:
      lines.traffic(traffic_.paid(domain), traffic_.before(domain));
      break;
    case BillMode::peak_bandwidth:
      lines.peak_bandwidth();
      break;
    case BillMode::p95:
      lines.p95();
      break;
  }
  lines.overhead(overhead_percent(configured(domain)));
  lines.per_million();
  lines.total();
  if (!request_.configured.contains(domain)) {
    bill.notes.emplace_back("not in the configuration: billed as a domain without settings is");
  }
  if (const uint64_t deducted = usages_[domain].deducted; deducted > 0) {
    bill.notes.push_back(std::to_string(deducted) +
                         " bytes that clients had not acknowledged when their connections were "
                         "lost are deducted");
  }
  note_open(usages_[domain], bill);
  return bill;
}

void Billing::note_open(const BilledUsage& usage, DomainBill& bill) const {
  if (usage.open.empty()) return;
  const size_t count = usage.open.size();
  const int64_t first = usage.open.front();
  const bool today = first >= proto::day_begin(request_.now, prices_.zone);
  bill.notes.push_back("not final: " + std::to_string(count) +
                       (count == 1 ? " bucket" : " buckets") + (today ? " of today" : "") +
                       (count == 1 ? " is" : " are") + " still open, the first of " +
                       proto::format_moment(first, prices_.zone));
}

void Billing::note_period(Bill& bill) const {
  if (request_.now >= request_.to) return;
  bill.notes.push_back("an estimate: the period ends at " +
                       proto::format_moment(request_.to, prices_.zone) + ", and it is " +
                       proto::format_moment(request_.now, prices_.zone));
}

void Billing::note_packs(Bill& bill) const {
  for (const PackBalance& balance : bill.packs) {
    const int64_t known = std::min(first_row_.value_or(request_.from), request_.from);
    if (balance.pack.from >= known) continue;
    bill.notes.push_back("pack " + balance.pack.name + " is taken as unused from " +
                         proto::format_moment(balance.pack.from, prices_.zone) + " to " +
                         proto::format_moment(known, prices_.zone) + ": no usage is recorded");
  }
}

}  // namespace

std::string_view to_string(BillMode mode) { return kModes[static_cast<size_t>(mode)]; }

std::optional<BillMode> bill_mode(std::string_view name) {
  const auto* found = std::find(kModes.begin(), kModes.end(), name);
  if (found == kModes.end()) return std::nullopt;
  return static_cast<BillMode>(found - kModes.begin());
}

proto::Result<Bill, std::string> make_bill(usage::Rows& rows, const Prices& prices,
                                           const BillRequest& request) {
  if (request.to <= request.from) return Unexpected{std::string("the period has no length")};
  if (request.from > request.now) return Unexpected{std::string("the period has not begun")};
  Billing billing(prices, request);
  if (auto problem = billing.read(rows)) return Unexpected{std::move(*problem)};
  if (auto problem = billing.check()) return Unexpected{std::move(*problem)};
  return billing.make();
}

}  // namespace gateway::billing
