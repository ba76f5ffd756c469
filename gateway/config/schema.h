// The table of keys as a JSON schema, for editors.
#pragma once

#include <string>

namespace gateway::config {

// Of weir.yaml and of domains/*.yaml: types, names and simple ranges. The rest is for `weir check`
// to say. conf/schema.json holds this text.
std::string schema();

}  // namespace gateway::config
