// Metric families in the making: a name, what it means, and one line after the other, written as
// the text that Prometheus reads (version 0.0.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/metrics/counters.h"

namespace gateway::metrics {

struct Label {
  std::string_view name;
  std::string_view value;
};
using Labels = std::initializer_list<Label>;

// Labels with which the lines of many families begin, made text once for all of them.
class CommonLabels {
 public:
  CommonLabels() = default;
  explicit CommonLabels(Labels labels);
  std::string_view text() const { return text_; }

 private:
  std::string text_;
};

// Each line becomes text as it is added: with ten thousand domains a tree of labels would be tens
// of megabytes, and most of a scrape's time.
class Family {
 public:
  enum class Type : uint8_t { counter, gauge, histogram };

  // `name` has no character that wants escaping, and `help` is one line.
  Family(Type type, std::string name, std::string_view help);

  // A count is written to its last digit, however large it is.
  void add(Labels labels, uint64_t value) { add(CommonLabels(), labels, value); }
  void add(const CommonLabels& common, Labels labels, uint64_t value);
  void add(Labels labels, double value) { add(CommonLabels(), labels, value); }
  void add(const CommonLabels& common, Labels labels, double value);
  // Left out when there is nothing to count yet.
  void add_if(Labels labels, uint64_t value) {
    if (value != 0) add(labels, value);
  }
  void add_if(const CommonLabels& common, Labels labels, uint64_t value) {
    if (value != 0) add(common, labels, value);
  }
  // `buckets` has one entry more than `bounds`: what lies above them all.
  void add_histogram(std::span<const double> bounds, std::span<const uint64_t> buckets,
                     double sum) {
    add_histogram({}, bounds, buckets, sum);
  }
  void add_histogram(Labels labels, std::span<const double> bounds,
                     std::span<const uint64_t> buckets, double sum);

  // Empty: nothing was added. A family without a line would be a HELP text about nothing.
  [[nodiscard]] std::string_view text() const {
    return has_lines_ ? std::string_view(text_) : std::string_view();
  }
  // The same, for good: the family is done.
  [[nodiscard]] std::string take() { return has_lines_ ? std::move(text_) : std::string(); }

 private:
  void begin_line(std::string_view suffix, std::string_view common, Labels labels);
  void begin_bucket(const CommonLabels& common, double bound);

  std::string name_;
  std::string text_;
  bool has_lines_ = false;
};

Family counter(std::string name, std::string_view help);
Family gauge(std::string name, std::string_view help);
Family histogram(std::string name, std::string_view help);

// The text of a scrape. Megabytes: each family's is copied once, into what is exactly as long.
class Page {
 public:
  void add(Family family) { texts_.push_back(family.take()); }
  // A family of one line.
  void add_counter(std::string name, std::string_view help, double value);
  void add_gauge(std::string name, std::string_view help, double value);

  // For good.
  std::string take();

 private:
  std::vector<std::string> texts_;
};

// The sum over the workers of one of their counts: sum(blocks, &Domain::active).
template <class Blocks, class Pick>
uint64_t sum(const Blocks& blocks, Pick pick) {
  uint64_t total = 0;
  for (const auto& block : blocks) total += std::invoke(pick, *block).value();
  return total;
}

}  // namespace gateway::metrics
