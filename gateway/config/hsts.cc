#include "gateway/config/hsts.h"

namespace gateway::config {

std::string to_string(const Hsts& hsts) {
  std::string text = "max-age=" + std::to_string(hsts.max_age.count());
  if (hsts.include_subdomains) text += "; includeSubDomains";
  if (hsts.preload) text += "; preload";
  return text;
}

}  // namespace gateway::config
