// `weir usage verify`: meters, ledger and session records tell the same story, or where they do
// not.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "gateway/usage/answers/evidence.h"
#include "gateway/usage/answers/verification.h"
#include "proto/base/result.h"

namespace gateway::usage::answers {

// `kept_since`: Unix seconds; what began before may have been removed in part, so it is compared
// with nothing. Error: what could not be read.
[[nodiscard]] proto::Result<Verification, std::string> verify(Evidence& evidence,
                                                              int64_t kept_since);

// Of a state_dir. While Weir runs and writes, a comparison may fall between two steps of it, so a
// difference has to be found three times to be one.
[[nodiscard]] proto::Result<Verification, std::string> verify_state(
    const std::string& state_dir, int64_t kept_since, std::chrono::milliseconds pause);

}  // namespace gateway::usage::answers
