#include "gateway/config/rule_text.h"

#include "gateway/config/paths.h"
#include "gateway/config/print.h"
#include "gateway/config/units.h"

namespace gateway::config {

namespace {

std::string from_to(const std::string& least, const std::string& most) {
  return least + " to " + most;
}

const char* or_off(bool off) { return off ? ", or off" : ""; }

// The kind of value that each rule asks for.
struct KindOfValue {
  std::string operator()(const Switch& rule) const {
    return rule.says_on ? "on or off" : "true or false";
  }
  std::string operator()(const Count& /*rule*/) const { return "number"; }
  std::string operator()(const Size& /*rule*/) const { return "size"; }
  std::string operator()(const Traffic& /*rule*/) const { return "traffic"; }
  std::string operator()(const Percent& /*rule*/) const { return "share"; }
  std::string operator()(const Duration& rule) const {
    return rule.whole_seconds ? "whole seconds" : "time";
  }
  std::string operator()(const OneOf& rule) const { return one_of(rule.words); }
  std::string operator()(const Text& /*rule*/) const { return "text"; }
  std::string operator()(const Map& rule) const {
    if (rule.brief) return rule_text(rule.keys().fields.front().rule) + ", map, or off";
    return rule.presence == Map::Presence::or_off ? "map, or off" : "map";
  }
  std::string operator()(const Maps& rule) const {
    return "list of " + from_to(std::to_string(rule.least), std::to_string(rule.most)) + " maps";
  }
  std::string operator()(const Custom& rule) const { return std::string(rule.form); }
  std::string operator()(const Apart& rule) const { return std::string(rule.form); }
};

}  // namespace

std::string range_text(const Count& rule) {
  const std::string numbers = from_to(std::to_string(rule.least), std::to_string(rule.most));
  return rule.none.empty() ? numbers : numbers + ", or " + std::string(rule.none);
}

std::string range_text(const Size& rule) {
  return from_to(format_size(rule.least), format_size(rule.most)) + or_off(rule.off);
}

std::string range_text(const Traffic& rule) {
  return from_to(format_traffic(rule.least), format_traffic(rule.most)) + or_off(rule.off);
}

std::string range_text(const Percent& rule) {
  return from_to(std::to_string(rule.least) + '%', std::to_string(rule.most) + '%');
}

std::string range_text(const Duration& rule) {
  const std::string times = from_to(format_duration(rule.least), format_duration(rule.most));
  switch (rule.off) {
    case Off::never:
    case Off::ignored:
      return times;
    case Off::word:
      return times + ", or off";
    case Off::minus_one:
      return times + ", or off (-1)";
    case Off::not_positive:
      return times + ", or off (0 or -1)";
  }
  return times;
}

std::string range_text(const Rule& rule) {
  return std::visit(
      [](const auto& bound) -> std::string {
        if constexpr (requires { bound.get, bound.least; }) return range_text(bound);
        return {};
      },
      rule);
}

std::string rule_text(const Rule& rule) {
  const std::string range = range_text(rule);
  return std::visit(KindOfValue{}, rule) + (range.empty() ? "" : ", " + range);
}

std::string default_text(const Field& field, const void* object) {
  if (!field.more.usual.empty()) return std::string(field.more.usual);
  if (!field.more.required.empty()) return {};
  return value_text(field, object).value_or("");
}

}  // namespace gateway::config
