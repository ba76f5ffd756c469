#include "gateway/server/version.h"

namespace gateway::server {

std::string_view version() { return WEIR_VERSION; }
std::string_view commit() { return WEIR_COMMIT; }

}  // namespace gateway::server
