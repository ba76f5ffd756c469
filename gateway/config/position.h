// The place where the operator wrote something, for messages that come later than the reading
// ("certificate unreadable").
#pragma once

#include <string>

namespace gateway::config {

struct Position {
  std::string file;
  int line = 0;  // from 1; 0: not from a file
  int column = 0;

  // Two documents are equal when they say the same, wherever it was written.
  friend bool operator==(const Position& /*a*/, const Position& /*b*/) { return true; }
};

}  // namespace gateway::config
