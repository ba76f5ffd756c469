// Prints maps by their table.
#pragma once

#include <optional>
#include <string>

#include "gateway/config/document.h"
#include "gateway/config/field.h"

namespace gateway::config {

// The effective configuration with every default filled in, as YAML that read_text accepts (`weir
// check --print`). No password is in it.
std::string print(const Document& document);

// The value of a key, as it is printed behind the name; nothing: it is not printed, or has lines of
// its own.
std::optional<std::string> value_text(const Field& field, const void* object);

}  // namespace gateway::config
