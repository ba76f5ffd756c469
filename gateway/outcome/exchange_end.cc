#include "gateway/outcome/exchange_end.h"

#include <array>

namespace gateway::outcome {

std::string_view to_string(ExchangeStage stage) {
  constexpr std::array<std::string_view, 3> kNames{"connecting", "waiting", "streaming"};
  return kNames[static_cast<size_t>(stage)];
}

std::string_view to_string(Sticky sticky) {
  constexpr std::array<std::string_view, kStickies> kNames{"none", "new", "kept", "moved",
                                                           "learned"};
  return kNames[static_cast<size_t>(sticky)];
}

std::string_view to_string(RetryWhy why) {
  constexpr std::array<std::string_view, kRetryWhys> kNames{"connect", "stale", "no_answer",
                                                            "502",     "503",   "504"};
  return kNames[static_cast<size_t>(why)];
}

std::string_view to_string(const std::optional<Cause>& cause) {
  return cause ? to_string(*cause) : "done";
}

}  // namespace gateway::outcome
