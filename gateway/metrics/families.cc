#include "gateway/metrics/families.h"

#include <array>
#include <charconv>
#include <cmath>

namespace gateway::metrics {

namespace {

std::string_view word(Family::Type type) {
  switch (type) {
    case Family::Type::counter:
      return "counter";
    case Family::Type::gauge:
      return "gauge";
    case Family::Type::histogram:
      return "histogram";
  }
  return {};
}

void append(std::string& text, uint64_t value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text.append(digits.data(), end);
}

// In sixteen digits, so that 0.1 is "0.1"; as printf's %.16g has it, whatever the locale.
void append(std::string& text, double value) {
  if (std::isnan(value)) {
    text += "Nan";
  } else if (std::isinf(value)) {
    text += value < 0 ? "-Inf" : "+Inf";
  } else {
    constexpr int kDigits = 16;
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                   std::chars_format::general, kDigits)
                         .ptr;
    text.append(digits.data(), end);
  }
}

void append_escaped(std::string& text, std::string_view value) {
  constexpr std::string_view kEscaped = "\\\"\n";
  while (true) {
    const size_t plain = value.find_first_of(kEscaped);
    text += value.substr(0, plain);
    if (plain == std::string_view::npos) return;
    text += '\\';
    text += value[plain] == '\n' ? 'n' : value[plain];
    value.remove_prefix(plain + 1);
  }
}

void append(std::string& text, Labels labels) {
  std::string_view before;
  for (const Label& one : labels) {
    text.append(std::exchange(before, ",")).append(one.name).append("=\"");
    append_escaped(text, one.value);
    text += '"';
  }
}

}  // namespace

Family::Family(Type type, std::string name, std::string_view help) : name_(std::move(name)) {
  text_.append("# HELP ").append(name_).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(name_).append(" ").append(word(type)).append("\n");
}

CommonLabels::CommonLabels(Labels labels) { append(text_, labels); }

// `common` stands in front of the labels, and may be empty, as they may.
void Family::begin_line(std::string_view suffix, std::string_view common, Labels labels) {
  has_lines_ = true;
  text_.append(name_).append(suffix);
  if (!common.empty() || labels.size() > 0) {
    text_ += '{';
    text_ += common;
    if (!common.empty() && labels.size() > 0) text_ += ',';
    append(text_, labels);
    text_ += '}';
  }
  text_ += ' ';
}

void Family::add(const CommonLabels& common, Labels labels, uint64_t value) {
  begin_line({}, common.text(), labels);
  append(text_, value);
  text_ += '\n';
}

void Family::add(const CommonLabels& common, Labels labels, double value) {
  begin_line({}, common.text(), labels);
  append(text_, value);
  text_ += '\n';
}

// The bound of a bucket stands behind the labels that its histogram has.
void Family::begin_bucket(const CommonLabels& common, double bound) {
  std::string le;
  append(le, bound);
  begin_line("_bucket", common.text(), {{"le", le}});
}

void Family::add_histogram(Labels labels, std::span<const double> bounds,
                           std::span<const uint64_t> buckets, double sum) {
  const CommonLabels common(labels);
  uint64_t all = 0;
  for (const uint64_t one : buckets) all += one;
  begin_line("_count", common.text(), {});
  append(text_, all);
  text_ += '\n';
  begin_line("_sum", common.text(), {});
  append(text_, sum);
  text_ += '\n';
  uint64_t below = 0;
  for (size_t i = 0; i < buckets.size(); ++i) {
    below += buckets[i];
    begin_bucket(common, i < bounds.size() ? bounds[i] : HUGE_VAL);
    append(text_, below);
    text_ += '\n';
  }
}

Family counter(std::string name, std::string_view help) {
  return {Family::Type::counter, std::move(name), help};
}

Family gauge(std::string name, std::string_view help) {
  return {Family::Type::gauge, std::move(name), help};
}

Family histogram(std::string name, std::string_view help) {
  return {Family::Type::histogram, std::move(name), help};
}

void Page::add_counter(std::string name, std::string_view help, double value) {
  Family family = counter(std::move(name), help);
  family.add(Labels{}, value);
  add(std::move(family));
}

void Page::add_gauge(std::string name, std::string_view help, double value) {
  Family family = gauge(std::move(name), help);
  family.add(Labels{}, value);
  add(std::move(family));
}

std::string Page::take() {
  size_t size = 0;
  for (const std::string& one : texts_) size += one.size();
  std::string whole;
  whole.reserve(size);
  for (std::string& one : texts_) {
    whole += one;
    one = std::string();
  }
  return whole;
}

}  // namespace gateway::metrics
