#include "gateway/outcome/end.h"

#include <array>

namespace gateway::outcome {

std::string_view to_string(By by) {
  constexpr std::array<std::string_view, 3> kNames{"client", "origin", "gateway"};
  return kNames[static_cast<size_t>(by)];
}

std::string_view to_string(Stage stage) {
  constexpr std::array<std::string_view, kStages> kNames{"connecting", "upgrading", "open",
                                                         "closing", "closed"};
  return kNames[static_cast<size_t>(stage)];
}

std::string termination(By by, Stage stage) {
  constexpr std::string_view kWho = "COW";
  constexpr std::string_view kHowFar = "NUOCD";
  return {kWho[static_cast<size_t>(by)], kHowFar[static_cast<size_t>(stage)]};
}

}  // namespace gateway::outcome
