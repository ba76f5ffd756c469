// The modes of the load, each a Fleet that does one kind of work.
#pragma once

#include <memory>

#include "tests/bench/fleet.h"

namespace bench {

[[nodiscard]] std::unique_ptr<Fleet> make_mode(const Options& options);

}  // namespace bench
