// The usage calls of DCDN's API, field for field, so that tools which know those know Weir.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/usage/answers/query.h"
#include "proto/base/result.h"

namespace gateway::usage::answers {

// The three answers. `names`: DomainName as it was asked. Traffic and bandwidth are those of the
// billed direction.
std::string traffic_answer(const Series& series, const Question& question, std::string_view names,
                           std::string_view request_id);
std::string bps_answer(const Series& series, const Question& question, std::string_view names,
                       std::string_view request_id);
std::string http_codes_answer(const Series& series, const Question& question,
                              std::string_view names, std::string_view request_id);

struct ApiFault {
  std::string code;  // "InvalidStartTime.Malformed"
  std::string message;
};
// What the query string of one of these calls asks for, by DCDN's rules; now is Unix seconds.
// Always merged. What is older than `keep` is gone and cannot be asked for; 0: it never goes.
[[nodiscard]] proto::Result<Question, ApiFault> api_question(std::string_view query, int64_t now,
                                                             std::chrono::seconds keep = {});
std::string fault_answer(const ApiFault& fault, std::string_view request_id);

// The value of the first parameter of that name, percent-decoded; empty: there is none.
std::string query_parameter(std::string_view query, std::string_view name);

}  // namespace gateway::usage::answers
