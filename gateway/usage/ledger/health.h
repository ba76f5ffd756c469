// Whether what is counted reaches the disk, said once at each change.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace gateway::usage::ledger {

class Health {
 public:
  void failed(const std::string& why, bool newer);
  // `dropped`: session records since the process began.
  void worked(uint64_t dropped);

  // As Book::trouble() has it.
  void judge_meters(size_t worker, const std::string& trouble);
  bool memory_alone() const;  // some meters are not in their file

 private:
  bool healthy_ = true;
  std::chrono::steady_clock::time_point failing_since_;
  uint64_t dropped_ = 0;  // up to the last change
  std::map<size_t, std::string> meter_trouble_;
};

}  // namespace gateway::usage::ledger
