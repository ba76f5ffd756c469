// How large the head of an origin's answer may be, and what is said of an answer that is larger or
// none.
#pragma once

#include <string>
#include <string_view>

#include "gateway/config/origin.h"
#include "proto/http1/head_parser.h"

namespace gateway::origin {

[[nodiscard]] proto::http1::HeadLimits answer_limits(const config::Origin& origin);

// In words for client and log. `answer`: what the sentence begins with, "the origin's answer".
[[nodiscard]] std::string why_refused(const proto::http1::ResponseParser& parser,
                                      const config::Origin& origin, std::string_view answer);

}  // namespace gateway::origin
