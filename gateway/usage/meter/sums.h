// What several meter files say together: those of all workers add up, and of two files of one boot
// and worker, a copy beside its original, each number counts once.
#pragma once

#include <map>

#include "gateway/usage/meter/file_reader.h"
#include "gateway/usage/totals.h"

namespace gateway::usage::meter {

class Sums {
 public:
  // False: there was a file of this boot and worker before. Both are states of the same numbers,
  // which only grow, so the larger of two is nearer to what was metered, and never beyond it.
  bool add(const Remains& file);
  std::map<RowKey, Totals> sums() const;

 private:
  using Rows = std::map<RowKey, Totals>;
  std::map<Identity, Rows> files_;
};

}  // namespace gateway::usage::meter
