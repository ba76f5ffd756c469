// Metric families in the making: a name, what it means, and one line after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include <prometheus/metric_family.h>

#include "gateway/metrics/counters.h"

namespace gateway::metrics {

struct Label {
  std::string_view name;
  std::string_view value;
};
using Labels = std::initializer_list<Label>;

class Family {
 public:
  Family(prometheus::MetricType type, std::string name, std::string help);

  void add(Labels labels, double value);
  void add(Labels labels, uint64_t value) { add(labels, static_cast<double>(value)); }
  // Left out when there is nothing to count yet.
  void add_if(Labels labels, uint64_t value) {
    if (value != 0) add(labels, value);
  }
  // `buckets` has one entry more than `bounds`: what lies above them all.
  void add_histogram(std::span<const double> bounds, std::span<const uint64_t> buckets,
                     double sum) {
    add_histogram({}, bounds, buckets, sum);
  }
  void add_histogram(Labels labels, std::span<const double> bounds,
                     std::span<const uint64_t> buckets, double sum);

  prometheus::MetricFamily take() { return std::move(family_); }

 private:
  static void label(prometheus::ClientMetric& metric, Labels labels);

  prometheus::MetricFamily family_;
};

Family counter(std::string name, std::string help);
Family gauge(std::string name, std::string help);

// The text of a scrape. Each family becomes text as soon as it is whole and is then forgotten: with
// thousands of domains all of them together would be tens of megabytes.
class Page {
 public:
  // A family without a line is left out: it would be a HELP text about nothing.
  void add(Family family);
  // A family of one line.
  void add_counter(std::string name, std::string help, double value);
  void add_gauge(std::string name, std::string help, double value);

  std::string take() { return std::move(text_).str(); }

 private:
  std::ostringstream text_;
};

// The sum over the workers of one of their counts: sum(blocks, &Domain::active).
template <class Blocks, class Pick>
uint64_t sum(const Blocks& blocks, Pick pick) {
  uint64_t total = 0;
  for (const auto& block : blocks) total += std::invoke(pick, *block).value();
  return total;
}

}  // namespace gateway::metrics
