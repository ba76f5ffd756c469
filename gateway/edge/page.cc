#include "gateway/edge/page.h"

namespace gateway::edge {

std::string_view echo_page() {
  static constexpr std::string_view kPage =
#include "gateway/edge/page.html.inc"
      ;
  return kPage;
}

}  // namespace gateway::edge
