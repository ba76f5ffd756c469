#include "gateway/usage/answers/verification.h"

#include "gateway/usage/answers/time_text.h"
#include "proto/base/utf8.h"

namespace gateway::usage::answers {

namespace {

std::string figure(const char* name, const std::optional<uint64_t>& value) {
  return value ? std::string(" ") + name + "=" + std::to_string(*value) : std::string();
}

std::string to_text(const Difference& difference) {
  const auto name = [](const char* what, const std::string& value) {
    return value.empty() ? std::string() : std::string(what) + proto::printable(value);
  };
  std::string text = "difference:";
  text += name(" node=", difference.node) + name(" boot=", difference.boot) +
          name(" domain=", difference.domain);
  if (difference.bucket) text += " bucket=" + format_time(*difference.bucket);
  if (!difference.number.empty()) text += " field=" + difference.number;
  return text + figure("meters", difference.meters) + figure("ledger", difference.ledger) +
         figure("records", difference.records) + ": " + proto::printable(difference.why) + "\n";
}

}  // namespace

std::string to_text(const Verification& verification) {
  std::string text;
  for (const Difference& difference : verification.differences) text += to_text(difference);
  if (verification.differences_found > verification.differences.size()) {
    text += "and " +
            std::to_string(verification.differences_found - verification.differences.size()) +
            " differences more\n";
  }
  for (const std::string& note : verification.notes) text += "note: " + note + "\n";
  const auto count = [](size_t number) { return std::to_string(number); };
  text += verification.differences_found == 0 ? "verified: " : "NOT verified: ";
  text += count(verification.rows) + " rows of the ledger, " + count(verification.slots_compared) +
          " of them with slots of " + count(verification.meter_files) + " meter files; " +
          count(verification.sessions) + " session records, those of " + count(verification.exact) +
          " boots and domains to the byte, of " + count(verification.bounded) +
          " as a lower bound; " + count(verification.differences_found) + " differences\n";
  return text;
}

}  // namespace gateway::usage::answers
