#include "gateway/billing/bill_lines.h"

#include <algorithm>
#include <set>
#include <utility>

#include "gateway/usage/answers/query.h"
#include "proto/base/calendar.h"

namespace gateway::billing {

namespace {

constexpr uint64_t kBytesPerGb = 1'000'000'000;
constexpr uint64_t kMillion = 1'000'000;
constexpr int64_t kBucketsPerDay = proto::kDaySeconds / usage::kBucketSeconds;

Decimal gigabytes(uint64_t bytes) { return {bytes, kBytesPerGb}; }

// Samples in [begin, end).
struct Samples {
  std::vector<Sample>::const_iterator first;
  std::vector<Sample>::const_iterator last;
  size_t size() const { return static_cast<size_t>(last - first); }
};

Samples samples_in(const BilledUsage& usage, int64_t begin, int64_t end) {
  const auto earlier = [](const Sample& sample, int64_t time) { return sample.bucket < time; };
  const auto& all = usage.samples;
  return {std::lower_bound(all.begin(), all.end(), begin, earlier),
          std::lower_bound(all.begin(), all.end(), end, earlier)};
}

uint64_t percentile(const Samples& samples, size_t count) {
  std::vector<uint64_t> bytes;
  bytes.reserve(samples.size());
  for (auto sample = samples.first; sample != samples.last; ++sample) {
    bytes.push_back(sample->bytes);
  }
  return usage::answers::percentile_95(std::move(bytes), count);
}

}  // namespace

Decimal megabits_per_second(uint64_t bytes_of_bucket) {
  return Decimal(bytes_of_bucket, kMillion) * Decimal(8, usage::kBucketSeconds);
}

BillLines::BillLines(const Prices& prices, const BilledUsage& usage, int64_t from, int64_t end,
                     DomainBill& bill)
    : prices_(prices),
      set_(prices.of(bill.domain)),
      usage_(usage),
      from_(from),
      end_(end),
      bill_(bill) {}

BillLine& BillLines::add(int64_t begin, std::string text, Decimal quantity, std::string unit,
                         std::optional<Decimal> price) {
  const Decimal exact = price ? quantity * *price : Decimal();
  bill_.lines.push_back({begin, std::move(text), std::move(quantity), std::move(unit),
                         std::move(price), exact, exact.rounded(prices_.digits)});
  return bill_.lines.back();
}

void BillLines::traffic(const std::map<int64_t, PaidTraffic>& paid, uint64_t before) {
  for (const auto& [month, of_month] : paid) traffic_of(month, of_month);
  // Whoever reads the bill sees that nothing was used, and at which price.
  if (bill_.lines.empty()) {
    const int64_t month = proto::month_begin(from_, prices_.zone);
    traffic_of(month, {{}, {{reached(set_.traffic, before).tier, 0}}});
  }
  if (before > 0) {
    bill_.notes.push_back("the month's " + gigabytes(before).print_short(9) +
                          " GB before the period count for its tiers");
  }
  note_hours();
}

void BillLines::traffic_of(int64_t month, const PaidTraffic& paid) {
  const std::string name = "traffic " + proto::format_month(month, prices_.zone) + ", ";
  for (const auto& [pack, bytes] : paid.by_pack) {
    add(month, name + "pack " + pack, gigabytes(bytes), "GB", std::nullopt);
  }
  for (const auto& [tier, bytes] : paid.by_tier) {
    const Tier& of = set_.traffic[tier];
    add(month, name + of.name, gigabytes(bytes), "GB", of.price);
  }
}

void BillLines::note_hours() {
  std::set<int64_t> hours;
  const Samples samples = samples_in(usage_, from_, end_);
  for (auto sample = samples.first; sample != samples.last; ++sample) {
    hours.insert(proto::hour_begin(sample->bucket, prices_.zone));
  }
  const int64_t all = (end_ - from_ + proto::kHourSeconds - 1) / proto::kHourSeconds;
  const int64_t without = all - static_cast<int64_t>(hours.size());
  if (without <= 0) return;
  bill_.notes.push_back(std::to_string(without) + " of " + std::to_string(all) +
                        " hours have no recorded usage: they count 0");
}

BillLines::Peak BillLines::peak_of(int64_t begin, int64_t end) const {
  const Samples samples = samples_in(usage_, begin, end);
  Peak peak{0, begin, samples.size()};
  for (auto sample = samples.first; sample != samples.last; ++sample) {
    if (sample->bytes <= peak.bytes) continue;
    peak.bytes = sample->bytes;
    peak.bucket = sample->bucket;
  }
  return peak;
}

void BillLines::peak_bandwidth() {
  size_t days = 0;
  size_t lacking = 0;
  for (int64_t day = from_; day < end_; day += proto::kDaySeconds) {
    const Peak peak = peak_of(day, day + proto::kDaySeconds);
    bandwidth_of(day, peak);
    ++days;
    if (peak.recorded < kBucketsPerDay) ++lacking;
  }
  if (lacking == 0) return;
  bill_.notes.push_back(std::to_string(lacking) + " of " + std::to_string(days) +
                        " days have fewer than 288 recorded buckets: the missing ones count 0");
}

void BillLines::bandwidth_of(int64_t day, const Peak& peak) {
  const std::string name = "peak " + proto::format_day(day, prices_.zone) + " at " +
                           proto::format_moment(peak.bucket, prices_.zone).substr(11, 5) + ", ";
  std::vector<Share> shares = {reached(set_.peak_bandwidth, peak.bytes)};
  if (set_.graduated_peak && peak.bytes > 0) {
    shares = graduated(set_.peak_bandwidth, 0, peak.bytes);
  }
  for (const Share& share : shares) {
    const Tier& tier = set_.peak_bandwidth[share.tier];
    add(day, name + tier.name, megabits_per_second(share.quantity), "Mbit/s", tier.price);
  }
}

void BillLines::p95() {
  for (int64_t month = from_; month < end_; month = proto::next_month(month, prices_.zone)) {
    const int64_t end = std::min(end_, proto::next_month(month, prices_.zone));
    const Samples samples = samples_in(usage_, month, end);
    const auto count = static_cast<size_t>((end - month) / usage::kBucketSeconds);
    const std::string name = proto::format_month(month, prices_.zone);
    add(month, "95th percentile of " + name, megabits_per_second(percentile(samples, count)),
        "Mbit/s", set_.p95);
    if (samples.size() >= count) continue;
    bill_.notes.push_back(name + ": " + std::to_string(count - samples.size()) + " of " +
                          std::to_string(count) + " buckets have no recorded usage: they count 0");
  }
}

void BillLines::per_million() {
  static constexpr std::array<const char*, kCounted> kNames = {"messages", "message units of 2 KiB",
                                                               "message units of 32 KiB",
                                                               "connection minutes", "sessions"};
  for (size_t i = 0; i < kCounted; ++i) {
    if (!set_.per_million[i]) continue;
    Decimal quantity(usage_.counts[i], kMillion);
    if (static_cast<Counted>(i) == Counted::connection_minutes) {
      quantity = quantity * Decimal(1, 60'000);
    }
    add(from_, kNames[i], quantity, "million", set_.per_million[i]);
  }
}

void BillLines::overhead(const Decimal& percent) {
  if (percent.is_zero() || bill_.lines.empty()) return;
  const Decimal share = percent * Decimal(1, 100);
  Decimal quantity;
  Decimal exact;
  for (const BillLine& line : bill_.lines) {
    quantity += line.quantity * share;
    exact += line.exact * share;
  }
  const std::string text = "overhead of TCP/IP, " + percent.print_short(6) + " % of the above";
  BillLine& line = add(from_, text, quantity, bill_.lines.front().unit, std::nullopt);
  if (!prices_.charge_overhead) return;
  line.exact = exact;
  line.amount = exact.rounded(prices_.digits);
}

void BillLines::total() {
  for (const BillLine& line : bill_.lines) bill_.total += line.amount;
}

}  // namespace gateway::billing
