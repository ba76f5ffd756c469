#include "gateway/origin/answer_limits.h"

#include "gateway/config/units.h"

namespace gateway::origin {

using proto::http1::HeadLimit;

proto::http1::HeadLimits answer_limits(const config::Origin& origin) {
  proto::http1::HeadLimits limits;
  limits.max_head = origin.max_response_head;
  limits.max_fields = origin.max_response_headers;
  return limits;
}

std::string why_refused(const proto::http1::ResponseParser& parser, const config::Origin& origin,
                        std::string_view answer) {
  const std::string begin(answer);
  if (!parser.reached()) return begin + " is not HTTP/1.1: " + parser.refusal();
  switch (*parser.reached()) {
    case HeadLimit::size:
      return begin + " has a head of more than " + config::format_size(origin.max_response_head) +
             ": origin.max_response_head allows no more";
    case HeadLimit::fields:
      return begin + " has more than " + std::to_string(origin.max_response_headers) +
             " fields in its head: origin.max_response_headers allows no more";
  }
  return begin;
}

}  // namespace gateway::origin
