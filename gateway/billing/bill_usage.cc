#include "gateway/billing/bill_usage.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace gateway::billing {

namespace {

using proto::Unexpected;

// Of one row: far beyond what a bucket can bear, and far from wrapping around in a sum of them.
constexpr uint64_t kMostUndelivered = uint64_t{1} << 40;

// A ledger of zeros and rubbish must not become a bill, so a sum that wraps around is an error.
bool add(uint64_t& sum, const usage::Totals& totals, std::initializer_list<usage::Field> fields) {
  bool fits = true;
  for (const usage::Field field : fields) {
    fits = fits && !__builtin_add_overflow(sum, totals[field], &sum);
  }
  return fits;
}

uint64_t& count(BilledUsage& usage, Counted counted) {
  return usage.counts[static_cast<size_t>(counted)];
}

bool add_counts(BilledUsage& usage, const usage::Totals& totals) {
  using enum usage::Field;
  return add(count(usage, Counted::messages), totals,
             {text_messages_in, text_messages_out, binary_messages_in, binary_messages_out}) &&
         add(count(usage, Counted::message_units_2k), totals, {units_2k_in, units_2k_out}) &&
         add(count(usage, Counted::message_units_32k), totals, {units_32k_in, units_32k_out}) &&
         add(count(usage, Counted::connection_minutes), totals, {connection_milliseconds}) &&
         add(count(usage, Counted::sessions), totals, {sessions_ws, sessions_wss});
}

class Collector {
 public:
  explicit Collector(const UsageWanted& wanted) : wanted_(wanted) {}

  void take(const usage::Row& row);
  bool fits() const { return fits_; }
  BilledUsages result();

 private:
  void deduct(BilledUsage& usage) const;

  const UsageWanted& wanted_;
  BilledUsages usages_;
  std::map<std::string, uint64_t> sums_;
  bool fits_ = true;
};

void Collector::take(const usage::Row& row) {
  BilledUsage& usage = usages_[row.key.domain];
  const int64_t bucket = row.key.bucket;
  if (usage.samples.empty() || usage.samples.back().bucket != bucket) {
    usage.samples.push_back({bucket, 0, 0});
  }
  uint64_t bytes = 0;
  fits_ = fits_ && add(bytes, row.totals, {usage::Field::client_bytes_out});
  const config::DomainUsage terms = wanted_.terms(row.key.domain);
  if (terms.direction == config::DomainUsage::Direction::both) {
    fits_ = fits_ && add(bytes, row.totals, {usage::Field::client_bytes_in});
  }
  // What fits into the sum of all fits into every partial sum that is made of it later.
  uint64_t& sum = sums_[row.key.domain];
  fits_ = fits_ && !__builtin_add_overflow(sum, bytes, &sum);
  usage.samples.back().bytes += bytes;
  if (terms.deduct_undelivered) {
    // No more is lost than was sent, so this fits where the bytes do.
    usage.samples.back().undelivered +=
        std::min(row.totals[usage::Field::client_undelivered_out], kMostUndelivered);
  }
  if (bucket < wanted_.counts_from) return;
  fits_ = fits_ && add_counts(usage, row.totals);
  if (row.complete || (!usage.open.empty() && usage.open.back() == bucket)) return;
  usage.open.push_back(bucket);
}

// A connection may be lost in a later bucket than its bytes moved in. So what is more than a bucket
// has is deducted from the one before and, beyond that, from those that follow.
void Collector::deduct(BilledUsage& usage) const {
  uint64_t left = 0;
  const auto take_off = [&](Sample& sample) {
    const uint64_t now = std::min(left, sample.bytes);
    left -= now;
    sample.bytes -= now;
    if (sample.bucket >= wanted_.counts_from) usage.deducted += now;
  };
  Sample* before = nullptr;
  for (Sample& sample : usage.samples) {
    left += std::exchange(sample.undelivered, 0);
    take_off(sample);
    if (before != nullptr && before->bucket + usage::kBucketSeconds == sample.bucket)
      take_off(*before);
    before = &sample;
  }
}

BilledUsages Collector::result() {
  for (auto& [domain, usage] : usages_) deduct(usage);
  return std::move(usages_);
}

}  // namespace

proto::Result<BilledUsages, std::string> collect(usage::Rows& rows, const UsageWanted& wanted) {
  Collector collector(wanted);
  std::string trouble =
      rows.read(wanted.selection, [&collector](const usage::Row& row) { collector.take(row); });
  if (!trouble.empty()) return Unexpected{std::move(trouble)};
  if (!collector.fits()) {
    return Unexpected{std::string("the recorded numbers are too large to be true: no bill")};
  }
  return collector.result();
}

}  // namespace gateway::billing
