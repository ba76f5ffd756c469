// Says in Weir's words what Tomcat's WebSocket client was told.
#pragma once

#include <string>
#include <vector>

#include "gateway/cli/tomcat_properties.h"

namespace gateway::cli {

struct TomcatImport {
  std::string yaml;  // websocket: and origin: of a domain; passwords are not in it
  std::vector<TomcatComplaint> complaints;
};

// `secrets` is the folder below which the YAML looks for files of passwords.
[[nodiscard]] TomcatImport import_tomcat_properties(const std::vector<TomcatProperty>& properties,
                                                    const std::string& secrets);

}  // namespace gateway::cli
