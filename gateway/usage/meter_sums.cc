#include "gateway/usage/meter_sums.h"

namespace gateway::usage {

bool MeterSums::add(const MeterRemains& file) {
  Rows rows;
  for (const Row& row : file.rows) rows[row.key] += row.totals;
  const auto [known, is_new] = files_.try_emplace(file.of);
  for (const auto& [key, totals] : rows) {
    Totals& kept = known->second[key];
    kept = larger(kept, totals);
  }
  return is_new;
}

std::map<RowKey, Totals> MeterSums::sums() const {
  Rows all;
  for (const auto& [of, rows] : files_) {
    for (const auto& [key, totals] : rows) all[key] += totals;
  }
  return all;
}

}  // namespace gateway::usage
