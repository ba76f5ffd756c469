// Brings what dead processes of this node have left in their meter files into the ledger.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/usage/ledger.h"
#include "gateway/usage/totals.h"

namespace gateway::usage {

// Files are gone, or renamed if they were damaged, only after their rows are durable. Before that a
// crash changes nothing: what is complete in the ledger is not written again.
class Recovery {
 public:
  // `own_boot`: whose files are still written to.
  Recovery(std::string folder, std::string own_boot);

  bool finished() const { return finished_; }
  // One transaction for each boot. Empty: finished; an error: the rest is for the next call.
  [[nodiscard]] std::optional<LedgerError> run(Ledger& ledger);

 private:
  struct Remains {
    std::vector<std::string> files;
    std::vector<std::string> damaged;  // of these files
    std::map<RowKey, Row> rows;        // sums of all workers
  };
  using Boots = std::map<std::string, std::vector<std::string>>;
  Boots boots() const;
  Remains gather(const std::vector<std::string>& files) const;
  void put_away(const Remains& remains) const;

  std::string folder_;
  std::string own_boot_;
  std::set<std::string> done_;  // boots whose rows are durable, whether or not their files went
  bool finished_ = false;
};

}  // namespace gateway::usage
