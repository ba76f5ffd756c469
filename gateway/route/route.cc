#include "gateway/route/route.h"

namespace gateway::route {

bool Route::covers(std::string_view path) const {
  if (!path.starts_with(prefix)) return false;
  return prefix.back() == '/' || path.size() == prefix.size() || path[prefix.size()] == '/';
}

}  // namespace gateway::route
