#include "gateway/usage/meter/sums.h"

namespace gateway::usage::meter {

bool Sums::add(const Remains& file) {
  Rows rows;
  for (const Row& row : file.rows) rows[row.key] += row.totals;
  const auto [known, is_new] = files_.try_emplace(file.of);
  for (const auto& [key, totals] : rows) {
    Totals& kept = known->second[key];
    kept = larger(kept, totals);
  }
  return is_new;
}

std::map<RowKey, Totals> Sums::sums() const {
  Rows all;
  for (const auto& [of, rows] : files_) {
    for (const auto& [key, totals] : rows) all[key] += totals;
  }
  return all;
}

}  // namespace gateway::usage::meter
