// What a step of the doctor has found, and how that is told: a line, an object of JSON, the first
// cause.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::cli::doctor {

// In the order in which FanRuan has a connection that fails looked into: the result, the port open,
// the port occupied, the proxy server, HTTPS, the firewall.
enum class Step : uint8_t { connection, port, owner, proxy, https, firewall };
inline constexpr size_t kSteps = 6;
[[nodiscard]] std::string_view name_of(Step step);

struct Finding {
  enum class Result : uint8_t {
    ok,
    failed,
    skipped,  // there is nothing that could be looked at
  };
  Result result = Result::skipped;
  std::string text;

  bool operator==(const Finding&) const = default;
};
[[nodiscard]] Finding passed(std::string text);
[[nodiscard]] Finding failed(std::string text);
[[nodiscard]] Finding skipped(std::string text);

using Findings = std::array<Finding, kSteps>;  // by step

// "2/6 port  FAIL  192.0.2.10:443 refused", without a line end.
[[nodiscard]] std::string line_of(Step step, const Finding& finding);
// {"step":2,"name":"port","result":"FAIL","text":"…","first_cause":true}
[[nodiscard]] std::string json_of(Step step, const Finding& finding, bool is_first_cause);

// The first that failed of those behind the connection: it only shows that something is wrong, so
// that it is the cause when nothing else has failed. Nothing: all have passed.
[[nodiscard]] std::optional<Step> first_cause(const Findings& findings);
// What stands below the lines: "all 6 steps passed", or "first cause: step 2 (port)".
[[nodiscard]] std::string last_line(const Findings& findings);

}  // namespace gateway::cli::doctor
