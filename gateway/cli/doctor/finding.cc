#include "gateway/cli/doctor/finding.h"

#include <utility>

#include "gateway/log/json_line.h"

namespace gateway::cli::doctor {

namespace {

using Result = Finding::Result;

size_t number_of(Step step) { return static_cast<size_t>(step) + 1; }

std::string_view word_of(Result result) {
  switch (result) {
    case Result::ok:
      return "ok";
    case Result::failed:
      return "FAIL";
    case Result::skipped:
      break;
  }
  return "skip";
}

}  // namespace

std::string_view name_of(Step step) {
  switch (step) {
    case Step::connection:
      return "connection";
    case Step::port:
      return "port";
    case Step::owner:
      return "owner";
    case Step::proxy:
      return "proxy";
    case Step::https:
      return "https";
    case Step::firewall:
      break;
  }
  return "firewall";
}

Finding passed(std::string text) { return {.result = Result::ok, .text = std::move(text)}; }
Finding failed(std::string text) { return {.result = Result::failed, .text = std::move(text)}; }
Finding skipped(std::string text) { return {.result = Result::skipped, .text = std::move(text)}; }

std::string line_of(Step step, const Finding& finding) {
  std::string line = std::to_string(number_of(step)) + '/' + std::to_string(kSteps) + ' ';
  line.append(name_of(step)).append("  ").append(word_of(finding.result)).append("  ");
  return line + finding.text;
}

std::string json_of(Step step, const Finding& finding, bool is_first_cause) {
  log::JsonLine line;
  line.count("step", number_of(step)).text("name", name_of(step));
  line.text("result", word_of(finding.result)).text("text", finding.text);
  if (is_first_cause) line.flag("first_cause", true);
  return line.take();
}

std::optional<Step> first_cause(const Findings& findings) {
  const auto has_failed = [&findings](size_t step) {
    return findings[step].result == Result::failed;
  };
  for (size_t step = 1; step < kSteps; ++step) {
    if (has_failed(step)) return static_cast<Step>(step);
  }
  if (has_failed(0)) return Step::connection;
  return std::nullopt;
}

std::string last_line(const Findings& findings) {
  const auto cause = first_cause(findings);
  if (!cause) return "all " + std::to_string(kSteps) + " steps passed";
  std::string line = "first cause: step " + std::to_string(number_of(*cause)) + " (";
  return line.append(name_of(*cause)) + ')';
}

}  // namespace gateway::cli::doctor
