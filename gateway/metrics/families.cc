#include "gateway/metrics/families.h"

#include <limits>
#include <utility>
#include <vector>

#include <prometheus/text_serializer.h>

namespace gateway::metrics {

using prometheus::ClientMetric;
using prometheus::MetricType;

Family::Family(MetricType type, std::string name, std::string help) {
  family_.name = std::move(name);
  family_.help = std::move(help);
  family_.type = type;
}

void Family::label(ClientMetric& metric, Labels labels) {
  metric.label.reserve(labels.size());
  for (const Label& one : labels)
    metric.label.push_back({std::string(one.name), std::string(one.value)});
}

void Family::add(Labels labels, double value) {
  ClientMetric& metric = family_.metric.emplace_back();
  label(metric, labels);
  if (family_.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

void Family::add_histogram(Labels labels, std::span<const double> bounds,
                           std::span<const uint64_t> buckets, double sum) {
  ClientMetric& metric = family_.metric.emplace_back();
  label(metric, labels);
  uint64_t below = 0;
  for (size_t i = 0; i < buckets.size(); ++i) {
    below += buckets[i];
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({.cumulative_count = below, .upper_bound = bound});
  }
  metric.histogram.sample_count = below;
  metric.histogram.sample_sum = sum;
}

Family counter(std::string name, std::string help) {
  return {MetricType::Counter, std::move(name), std::move(help)};
}

Family gauge(std::string name, std::string help) {
  return {MetricType::Gauge, std::move(name), std::move(help)};
}

void Page::add(Family family) {
  std::vector<prometheus::MetricFamily> one;
  one.push_back(family.take());
  if (!one.front().metric.empty()) prometheus::TextSerializer().Serialize(text_, one);
}

void Page::add_counter(std::string name, std::string help, double value) {
  Family family = counter(std::move(name), std::move(help));
  family.add({}, value);
  add(std::move(family));
}

void Page::add_gauge(std::string name, std::string help, double value) {
  Family family = gauge(std::move(name), std::move(help));
  family.add({}, value);
  add(std::move(family));
}

}  // namespace gateway::metrics
