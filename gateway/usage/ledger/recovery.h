// Brings what dead processes of this node have left in their meter files into the ledger.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/usage/ledger/ledger.h"
#include "gateway/usage/meter/file_reader.h"
#include "gateway/usage/totals.h"

namespace gateway::usage::ledger {

// A file counts once by what its head says, whatever its name: a second one of the same boot and
// worker, as a copy or a restored backup is, is set aside. Files are gone, or renamed if they were
// damaged or there twice, only after their rows are durable. Before that a crash changes nothing:
// what is complete in the ledger is not written again, so a file that comes back is harmless, too.
class Recovery {
 public:
  // `node` and `boot`: of the running process, whose files are still written to.
  Recovery(std::string folder, std::string node, std::string boot);

  bool finished() const { return finished_; }
  // One transaction for each boot. Empty: finished; an error: the rest is for the next call.
  [[nodiscard]] std::optional<Error> run(Ledger& ledger);

 private:
  struct Duplicate {
    std::string path;
    std::string first;  // the file that counts
    meter::Identity of;
  };
  struct Remains {
    std::string node;
    std::vector<std::string> files;
    std::vector<std::string> damaged;  // not among `files`
    std::vector<Duplicate> duplicates;
    std::vector<Row> rows;  // sums of all workers
  };
  using Boots = std::map<std::string, std::vector<std::string>>;
  Boots boots() const;
  bool is_own(const std::string& path, const meter::Identity& of) const;
  Remains gather(std::vector<std::string> files) const;
  void put_away(const Remains& remains) const;
  void say_recovered(const std::string& boot, const Remains& remains, size_t changed) const;

  std::string folder_;
  std::string node_;
  std::string own_boot_;
  std::set<std::string> done_;  // boots whose rows are durable, whether or not their files went
  bool finished_ = false;
};

}  // namespace gateway::usage::ledger
