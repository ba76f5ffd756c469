// What a fuzz target demands.
#pragma once

#include <cstdlib>

namespace tests {

// Unlike assert, it holds in every build.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace tests
