#include "gateway/config/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "gateway/config/findings.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

using proto::Unexpected;
using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// Longest last, so that formatting can walk down and find the largest that divides.
constexpr std::array<Unit, 5> kTimes = {
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 5> kSizes = {
    {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1ULL << 40}}};

constexpr std::array<Unit, 5> kTraffic = {{{"", 1},
                                           {"MB", 1'000'000},
                                           {"GB", 1'000'000'000},
                                           {"TB", 1'000'000'000'000},
                                           {"PB", 1'000'000'000'000'000}}};

constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();

struct Parts {
  std::string_view digits;
  std::string_view rest;
};

Parts split_number(std::string_view text) {
  auto end = std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; });
  auto length = static_cast<size_t>(end - text.begin());
  return {text.substr(0, length), text.substr(length)};
}

bool is_fraction(const Parts& parts) {
  return !parts.digits.empty() && parts.rest.size() > 1 &&
         (parts.rest[0] == '.' || parts.rest[0] == ',') && parts.rest[1] >= '0' &&
         parts.rest[1] <= '9';
}

// digits * factor, unless that does not fit what milliseconds can hold.
std::optional<uint64_t> multiplied(std::string_view digits, uint64_t factor) {
  auto number = proto::parse_decimal(digits);
  if (!number || *number > kMost / factor) return std::nullopt;
  return *number * factor;
}

template <size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

template <size_t N>
const Unit& largest_divisor(const std::array<Unit, N>& units, uint64_t value) {
  size_t i = N - 1;
  while (i > 0 && (value == 0 || value % units[i].factor != 0)) --i;
  return units[i];
}

}  // namespace

proto::Result<milliseconds, std::string> parse_duration(std::string_view text) {
  bool negative = text.starts_with('-');
  Parts parts = split_number(text.substr(negative ? 1 : 0));
  if (is_fraction(parts)) {
    return Unexpected{in_quotes(text) +
                      " is a fraction: write a whole number of a smaller unit, such "
                      "as 1500ms for one and a half seconds"};
  }
  const Unit* unit = find_unit(kTimes, parts.rest.empty() ? "s" : parts.rest);
  if (parts.digits.empty() || unit == nullptr) {
    return Unexpected{in_quotes(text) +
                      " is not a time: write 60 (seconds), 250ms, 60s, 5m, 4h or 30d"};
  }
  auto value = multiplied(parts.digits, unit->factor);
  if (!value) return Unexpected{in_quotes(text) + " is too long a time"};
  auto count = static_cast<int64_t>(*value);
  return milliseconds{negative ? -count : count};
}

proto::Result<uint64_t, std::string> parse_size(std::string_view text) {
  Parts parts = split_number(text);
  if (is_fraction(parts)) {
    return Unexpected{in_quotes(text) +
                      " is a fraction: write a whole number of a smaller unit, such "
                      "as 1536KiB for one and a half MiB"};
  }
  const Unit* unit = find_unit(kSizes, parts.rest);
  if (parts.digits.empty() || unit == nullptr) {
    return Unexpected{in_quotes(text) +
                      " is not a size: write 65536 (bytes), 64KiB, 1MiB, 2GiB or 1TiB"};
  }
  auto value = multiplied(parts.digits, unit->factor);
  if (!value) return Unexpected{in_quotes(text) + " is too large a size"};
  return *value;
}

proto::Result<uint64_t, std::string> parse_traffic(std::string_view text) {
  Parts parts = split_number(text);
  if (is_fraction(parts)) {
    return Unexpected{in_quotes(text) +
                      " is a fraction: write a whole number of a smaller unit, such "
                      "as 1500GB for one and a half TB"};
  }
  const Unit* unit = find_unit(kTraffic, parts.rest);
  if (parts.digits.empty() || unit == nullptr) {
    return Unexpected{in_quotes(text) +
                      " is not an amount of traffic: write 250MB, 500GB, 2TB or 1PB; these units "
                      "are decimal, 1GB is 1000000000 bytes"};
  }
  auto value = multiplied(parts.digits, unit->factor);
  if (!value) return Unexpected{in_quotes(text) + " is too large an amount"};
  return *value;
}

proto::Result<double, std::string> parse_percent(std::string_view text) {
  std::string_view number = text.ends_with('%') ? text.substr(0, text.size() - 1) : text;
  double value = 0;
  // Digits only at both ends: from_chars would also take "inf", "1e2" and a sign.
  bool plain = !number.empty() && number.find_first_not_of("0123456789.") == std::string_view::npos;
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (!plain || error != std::errc{} || end != number.data() + number.size()) {
    return Unexpected{in_quotes(text) + " is not a share: write 10% or 2.5%"};
  }
  return value;
}

proto::Result<uint64_t, std::string> parse_count(std::string_view text) {
  if (auto value = proto::parse_decimal(text)) return *value;
  return Unexpected{in_quotes(text) + " is not a whole number"};
}

std::string format_duration(milliseconds time) {
  bool negative = time.count() < 0;
  auto value = static_cast<uint64_t>(negative ? -time.count() : time.count());
  Unit unit = value == 60'000 ? kTimes[1] : largest_divisor(kTimes, value);
  if (value == 0) unit = kTimes[1];
  return (negative ? "-" : "") + std::to_string(value / unit.factor) + std::string(unit.name);
}

std::string format_size(uint64_t bytes) {
  const Unit& unit = largest_divisor(kSizes, bytes);
  return std::to_string(bytes / unit.factor) + std::string(unit.name);
}

std::string format_traffic(uint64_t bytes) {
  const Unit& unit = largest_divisor(kTraffic, bytes);
  return std::to_string(bytes / unit.factor) + std::string(unit.name);
}

std::string format_percent(double percent) {
  std::array<char, 32> buffer{};
  auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), percent,
                                    std::chars_format::fixed);
  if (error != std::errc{}) return "0%";
  return std::string(buffer.data(), end) + '%';
}

}  // namespace gateway::config
