// The bytes that a configuration file may consist of, before it is looked at as YAML.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/config/findings.h"

namespace gateway::config {

struct BadByte {
  Mark at;
  const char* why;
};

// The first byte that is not UTF-8 text. yaml-cpp takes control character 4 for the end of the file
// and replaces what is not UTF-8 in silence, so both have to be found before it sees them.
std::optional<BadByte> first_bad_byte(std::string_view text);

// True when the text has an ASCII control character, which no value of the configuration may
// contain.
bool has_control_character(std::string_view text);

}  // namespace gateway::config
