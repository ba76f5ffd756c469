#include "gateway/usage/answers/query.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace gateway::usage::answers {

namespace {

// How much is read before give_up is asked again.
constexpr int64_t kStretch = int64_t{6} * 3600;
constexpr const char* kMerged = "*";

double bits_per_second(uint64_t bytes) {
  return static_cast<double>(bytes) * 8 / static_cast<double>(kBucketSeconds);
}

// Rounds half a byte up. Ten-thousandths of a percent are exact for any overhead that can be
// written down, so the figure is the same on every machine.
uint64_t share_of(uint64_t bytes, double percent) {
  const auto parts = static_cast<uint64_t>(std::llround(percent * 10'000));
  constexpr uint64_t kWhole = 1'000'000;
  // In two steps, because the product may not fit.
  return bytes / kWhole * parts + (bytes % kWhole * parts + kWhole / 2) / kWhole;
}

std::string check(const Question& question) {
  if (question.interval <= 0 || question.interval % kBucketSeconds != 0)
    return "an interval is a multiple of 300 seconds";
  if (question.from % kBucketSeconds != 0 || question.to % kBucketSeconds != 0)
    return "a range begins and ends at a whole 5 minutes";
  if (question.to <= question.from) return "the end of the range is not after its begin";
  return {};
}

Selection everything() {
  return {.domains = {}, .from = 0, .to = bucket_of(std::numeric_limits<int64_t>::max() / 2)};
}

// Usage of one series in one bucket.
struct Sample {
  uint64_t out = 0;
  uint64_t in = 0;
  uint64_t billed = 0;
};

class Sum {
 public:
  Sum(std::string domain, const Question& question) : question_(question) {
    series_.domain = std::move(domain);
    for (int64_t begin = question.from; begin < question.to; begin += question.interval) {
      Interval& interval = series_.intervals.emplace_back();
      interval.begin = begin;
    }
  }

  // Rows come in the order of buckets.
  void add(const Row& row, const config::DomainUsage* tariff) {
    if (row.key.bucket != bucket_) close_bucket();
    bucket_ = row.key.bucket;
    const uint64_t out = row.totals[Field::client_bytes_out];
    const uint64_t in = row.totals[Field::client_bytes_in];
    const bool both =
        tariff != nullptr && tariff->direction == config::DomainUsage::Direction::both;
    const uint64_t billed = both ? out + in : out;
    current_.out += out;
    current_.in += in;
    if (tariff != nullptr && tariff->deduct_undelivered) {
      Deduction& deduction = deductions_[row.key.domain];
      deduction.tariff = tariff;
      deduction.billed += billed;
      deduction.left += row.totals[Field::client_undelivered_out];
    } else {
      bill(billed, tariff);
    }
    interval_at(bucket_).totals += row.totals;
  }

  size_t samples() const { return samples_.size(); }

  Series finish() {
    close_bucket();
    settle();
    for (const Interval& interval : series_.intervals) {
      series_.total += interval.totals;
      series_.billed += interval.billed;
    }
    for (const auto& [percent, bytes] : billed_by_overhead_)
      series_.overhead += share_of(bytes, percent);
    series_.p95_out = percentile(&Sample::out);
    series_.p95_in = percentile(&Sample::in);
    series_.p95_billed = percentile(&Sample::billed);
    return std::move(series_);
  }

 private:
  Interval& interval_at(int64_t bucket) {
    return series_.intervals[static_cast<size_t>((bucket - question_.from) / question_.interval)];
  }

  static void raise(Peak& peak, double value, int64_t bucket) {
    if (value > peak.bits_per_second) peak = {value, bucket};
  }

  void bill(uint64_t bytes, const config::DomainUsage* tariff) {
    current_.billed += bytes;
    if (tariff != nullptr && tariff->overhead_percent > 0)
      billed_by_overhead_[tariff->overhead_percent] += bytes;
  }

  // A connection may be lost in a later bucket than its bytes moved in. So what is more than a
  // bucket has is deducted from the one before and, beyond that, from those that follow.
  void deduct() {
    for (auto& [domain, deduction] : deductions_) {
      const uint64_t own = std::min(deduction.left, deduction.billed);
      deduction.billed -= own;
      deduction.left -= own;
      if (before_bucket_ + kBucketSeconds == bucket_) {
        const uint64_t earlier = std::min(deduction.left, deduction.before);
        deduction.left -= earlier;
        before_.billed -= earlier;
        if (deduction.tariff->overhead_percent > 0)
          billed_by_overhead_[deduction.tariff->overhead_percent] -= earlier;
      }
      bill(deduction.billed, deduction.tariff);
      deduction.before = std::exchange(deduction.billed, 0);
    }
  }

  void close_bucket() {
    deduct();
    settle();
    before_ = std::exchange(current_, {});
    before_bucket_ = bucket_;
  }

  // Of the bucket before: it does not change any more.
  void settle() {
    const Sample sample = std::exchange(before_, {});
    if (sample.out == 0 && sample.in == 0) return;
    Interval& interval = interval_at(before_bucket_);
    interval.billed += sample.billed;
    interval.peak_out = std::max(interval.peak_out, bits_per_second(sample.out));
    interval.peak_in = std::max(interval.peak_in, bits_per_second(sample.in));
    interval.peak_billed = std::max(interval.peak_billed, bits_per_second(sample.billed));
    raise(series_.peak_out, bits_per_second(sample.out), before_bucket_);
    raise(series_.peak_in, bits_per_second(sample.in), before_bucket_);
    raise(series_.peak_billed, bits_per_second(sample.billed), before_bucket_);
    if (question_.percentiles) samples_.push_back(sample);
  }

  double percentile(uint64_t Sample::*figure) const {
    std::vector<uint64_t> present;
    present.reserve(samples_.size());
    for (const Sample& sample : samples_) present.push_back(sample.*figure);
    return bits_per_second(percentile_95(
        std::move(present), static_cast<size_t>((question_.to - question_.from) / kBucketSeconds)));
  }

  const Question& question_;
  Series series_;
  int64_t bucket_ = 0;
  Sample current_;  // of bucket_
  int64_t before_bucket_ = 0;
  Sample before_;  // of the bucket with rows before it
  std::vector<Sample> samples_;
  std::map<double, uint64_t> billed_by_overhead_;
  // Of a domain whose undelivered bytes are not billed.
  struct Deduction {
    const config::DomainUsage* tariff = nullptr;
    uint64_t billed = 0;  // in this bucket
    uint64_t before = 0;  // and in the one before
    uint64_t left = 0;    // to deduct
  };
  std::map<std::string, Deduction> deductions_;
};

class Sums {
 public:
  explicit Sums(const Question& question)
      : question_(question),
        intervals_each_(static_cast<size_t>((question.to - question.from - 1) / question.interval) +
                        1) {
    if (question.merged) {
      find(kMerged);
      return;
    }
    for (const std::string& domain : question.domains) find(domain);
  }

  void add(const Row& row) {
    const int64_t bucket = row.key.bucket;
    if (bucket < question_.from || bucket >= question_.to) return;
    Sum* sum = find(question_.merged ? kMerged : row.key.domain);
    if (sum == nullptr) return;
    const size_t before = sum->samples();
    sum->add(row, question_.tariffs == nullptr ? nullptr : question_.tariffs->find(row.key.domain));
    samples_ += sum->samples() - before;
    if (samples_ > kMostSamples) too_much_ = true;
  }

  bool too_much() const { return too_much_; }

  std::vector<Series> finish() {
    std::vector<Series> series;
    series.reserve(sums_.size());
    for (auto& [domain, sum] : sums_) series.push_back(sum.finish());
    return series;
  }

 private:
  // Null: there would be too many.
  Sum* find(const std::string& domain) {
    const auto found = sums_.find(domain);
    if (found != sums_.end()) return &found->second;
    if (too_much_ || (sums_.size() + 1) * intervals_each_ > kMostIntervals) {
      too_much_ = true;
      return nullptr;
    }
    return &sums_.try_emplace(domain, domain, question_).first->second;
  }

  const Question& question_;
  size_t intervals_each_;
  size_t samples_ = 0;
  bool too_much_ = false;
  std::map<std::string, Sum> sums_;
};

}  // namespace

proto::Result<std::vector<Series>, std::string> ask(Rows& rows, const Question& question) {
  if (const std::string fault = check(question); !fault.empty()) return proto::Unexpected{fault};
  Sums sums(question);
  const int64_t stretch = question.give_up ? kStretch : question.to - question.from;
  for (int64_t from = question.from; from < question.to && !sums.too_much(); from += stretch) {
    if (question.give_up && question.give_up()) return proto::Unexpected{std::string(kGivenUp)};
    const Selection selection{.domains = question.domains,
                              .from = from,
                              .to = std::min(from + stretch, question.to),
                              .give_up = question.give_up};
    const std::string trouble = rows.read(selection, [&sums](const Row& row) { sums.add(row); });
    if (!trouble.empty()) return proto::Unexpected{trouble};
  }
  if (sums.too_much()) {
    return proto::Unexpected{std::string(
        "that is more than one answer may hold: ask for fewer domains, for all of them merged, for "
        "longer intervals or for a shorter range")};
  }
  return sums.finish();
}

uint64_t percentile_95(std::vector<uint64_t> present, size_t all) {
  const size_t rank = (all * 95 + 99) / 100;  // from 1
  const size_t empty = all - std::min(all, present.size());
  if (rank <= empty) return 0;
  const auto place = present.begin() + static_cast<std::ptrdiff_t>(rank - empty - 1);
  std::nth_element(present.begin(), place, present.end());
  return *place;
}

proto::Result<std::vector<std::string>, std::string> without_rows(
    Rows& rows, const std::vector<std::string>& domains, const std::function<bool()>& give_up) {
  std::set<std::string> left(domains.begin(), domains.end());
  if (left.empty()) return std::vector<std::string>();
  Selection ever = everything();
  ever.domains = domains;
  ever.give_up = [&] { return left.empty() || (give_up && give_up()); };
  const std::string trouble =
      rows.read(ever, [&left](const Row& row) { left.erase(row.key.domain); });
  if (!trouble.empty() && !left.empty()) return proto::Unexpected{trouble};
  return std::vector<std::string>(left.begin(), left.end());
}

proto::Result<Holdings, std::string> holdings(Rows& rows) {
  std::set<std::string> domains;
  Holdings all;
  const std::string trouble = rows.read(everything(), [&](const Row& row) {
    domains.insert(row.key.domain);
    if (!all.range) all.range = {row.key.bucket, row.key.bucket};
    all.range->first = std::min(all.range->first, row.key.bucket);
    all.range->last = std::max(all.range->last, row.key.bucket);
  });
  if (!trouble.empty()) return proto::Unexpected{trouble};
  all.domains.assign(domains.begin(), domains.end());
  return all;
}

}  // namespace gateway::usage::answers
