// Reads the text of a scrape back and has prometheus-cpp write it: what is ours must be its text,
// byte for byte.
#pragma once

#include <cstdlib>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace tests {

class PrometheusJudge {
 public:
  explicit PrometheusJudge(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) take(line);
  }

  size_t lines() const { return lines_; }  // those with a value
  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return std::move(out).str();
  }

 private:
  using Type = prometheus::MetricType;

  void take(std::string_view line) {
    if (line.starts_with("# HELP ")) {
      line.remove_prefix(7);
      const size_t space = line.find(' ');
      prometheus::MetricFamily& family = families_.emplace_back();
      family.name = line.substr(0, space);
      family.help = line.substr(space + 1);
    } else if (line.starts_with("# TYPE ")) {
      families_.back().type = type_of(line.substr(line.rfind(' ') + 1));
    } else {
      ++lines_;
      take_value(line);
    }
  }

  static Type type_of(std::string_view word) {
    if (word == "counter") return Type::Counter;
    if (word == "gauge") return Type::Gauge;
    REQUIRE(word == "histogram");
    return Type::Histogram;
  }

  void take_value(std::string_view line) {
    prometheus::MetricFamily& family = families_.back();
    const size_t name_end = line.find_first_of("{ ");
    const std::string name(line.substr(0, name_end));
    line.remove_prefix(name_end);
    std::vector<prometheus::ClientMetric::Label> labels = labels_of(line);
    const double value = std::strtod(std::string(line.substr(1)).c_str(), nullptr);
    if (family.type == Type::Histogram)
      return add_to_histogram(family, name.substr(family.name.size()), std::move(labels), value);
    REQUIRE(name == family.name);
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    (family.type == Type::Counter ? metric.counter.value : metric.gauge.value) = value;
  }

  // Of a histogram the count comes first.
  static void add_to_histogram(prometheus::MetricFamily& family, const std::string& suffix,
                               std::vector<prometheus::ClientMetric::Label> labels, double value) {
    if (suffix == "_count") {
      family.metric.emplace_back().label = std::move(labels);
      family.metric.back().histogram.sample_count = static_cast<uint64_t>(value);
      return;
    }
    prometheus::ClientMetric& metric = family.metric.back();
    if (suffix == "_sum") {
      CHECK(labels == metric.label);
      metric.histogram.sample_sum = value;
      return;
    }
    REQUIRE(suffix == "_bucket");
    REQUIRE(labels.back().name == "le");
    const double bound = labels.back().value == "+Inf" ? std::numeric_limits<double>::infinity()
                                                       : std::stod(labels.back().value);
    labels.pop_back();
    CHECK(labels == metric.label);
    metric.histogram.bucket.push_back(
        {.cumulative_count = static_cast<uint64_t>(value), .upper_bound = bound});
  }

  // Takes them off the line, which then begins with the space before the value.
  static std::vector<prometheus::ClientMetric::Label> labels_of(std::string_view& line) {
    std::vector<prometheus::ClientMetric::Label> labels;
    while (line.front() != ' ') {
      line.remove_prefix(1);  // '{', ',' or '}'
      const size_t equals = line.find('=');
      if (line.front() == ' ') break;
      prometheus::ClientMetric::Label& label = labels.emplace_back();
      label.name = line.substr(0, equals);
      line.remove_prefix(equals + 2);
      for (; line.front() != '"'; line.remove_prefix(1)) {
        const bool escaped = line.front() == '\\';
        if (escaped) line.remove_prefix(1);
        label.value += escaped && line.front() == 'n' ? '\n' : line.front();
      }
      line.remove_prefix(1);
    }
    return labels;
  }

  std::vector<prometheus::MetricFamily> families_;
  size_t lines_ = 0;
};

}  // namespace tests
