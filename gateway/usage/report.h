// Answers about usage as people and machines read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/usage/query.h"

namespace gateway::usage {

enum class Format : uint8_t { table, csv, json };

// `weir usage`. The table is for a terminal of 100 columns: one line for each interval with usage,
// then totals, peaks and the 95th percentile of each domain.
std::string report(const std::vector<Series>& series, const Question& question, Format format);

// The three answers of DCDN's API, field for field.
std::string traffic_answer(const Series& series, const Question& question, std::string_view names,
                           std::string_view request_id);
std::string bps_answer(const Series& series, const Question& question, std::string_view names,
                       std::string_view request_id);
std::string http_codes_answer(const Series& series, const Question& question,
                              std::string_view names, std::string_view request_id);

// What the query string of one of these calls asks for, by DCDN's rules; now is Unix seconds.
struct ApiFault {
  std::string code;  // "InvalidStartTime.Malformed"
  std::string message;
};
[[nodiscard]] proto::Result<Question, ApiFault> api_question(std::string_view query, int64_t now);
std::string fault_answer(const ApiFault& fault, std::string_view request_id);

}  // namespace gateway::usage
