// Rules in words: for messages, for the manual and for editors.
#pragma once

#include <string>

#include "gateway/config/field.h"

namespace gateway::config {

// "1s to 30d, or off (-1)".
std::string range_text(const Count& rule);
std::string range_text(const Size& rule);
std::string range_text(const Traffic& rule);
std::string range_text(const Percent& rule);
std::string range_text(const Duration& rule);
// Of any rule; empty: it has no range.
std::string range_text(const Rule& rule);

// The kind of value, and its range: "time, 1s to 30d, or off (-1)"; "dcdn or cdn"; "map".
std::string rule_text(const Rule& rule);

// The value where the key is not written; `object` has the defaults of its map. Empty: a map
// on lines of its own, or there is none.
std::string default_text(const Field& field, const void* object);

}  // namespace gateway::config
