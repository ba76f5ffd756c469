// WWW-Authenticate and Proxy-Authenticate: the challenges they hold (RFC 9110 §11.3).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/result.h"

namespace proto::auth {

struct ChallengeParameter {
  std::string name;   // in lower case
  std::string value;  // unquoted
};

struct Challenge {
  std::string scheme;   // in lower case
  std::string token68;  // in place of parameters
  std::vector<ChallengeParameter> parameters;

  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view lower_case_name) const;
  // True when the parameter says "true", case apart: RFC 7616's only kind of flag.
  [[nodiscard]] bool flag(std::string_view lower_case_name) const;
};

inline constexpr size_t kMaxChallengeField = 8192;     // octets of one field value
inline constexpr size_t kMaxChallenges = 16;           // in one field value
inline constexpr size_t kMaxChallengeParameters = 32;  // of one challenge
inline constexpr size_t kMaxSchemeName = 64;

// Parses one field value; a head may hold several such fields. All schemes are read alike, known or
// not. Error: what is wrong with it, for the log.
Result<std::vector<Challenge>, std::string> parse_challenges(std::string_view value);

// The same for a value that is parameters alone, as that of Authentication-Info is (RFC 7615 §3).
Result<std::vector<ChallengeParameter>, std::string> parse_parameters(std::string_view value);

}  // namespace proto::auth
