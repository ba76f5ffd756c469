#include "gateway/usage/ledger/health.h"

#include "gateway/log/log.h"

namespace gateway::usage::ledger {

void Health::failed(const std::string& why, bool newer) {
  if (!healthy_) return;
  healthy_ = false;
  failing_since_ = std::chrono::steady_clock::now();
  const std::string meaning =
      newer ? "; usage is counted in the meters alone until that version runs again or the file is "
              "moved away"
            : "; traffic goes on, usage is counted in the meters, and the ledger is tried again at "
              "each flush";
  log::say(log::Level::error, "usage: the ledger cannot be written: " + why + meaning);
}

void Health::worked(uint64_t dropped) {
  if (healthy_) return;
  healthy_ = true;
  const auto lasted = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::steady_clock::now() - failing_since_);
  const std::string lost = dropped == dropped_
                               ? "nothing is missing"
                               : "no usage is missing, but " + std::to_string(dropped - dropped_) +
                                     " session records were dropped";
  dropped_ = dropped;
  log::say(log::Level::info, "usage: the ledger is written again after " +
                                 std::to_string(lasted.count()) + " s: " + lost);
}

void Health::judge_meters(size_t worker, const std::string& trouble) {
  std::string& told = meter_trouble_[worker];
  // One line for each change between well and not, whatever the reason turns into.
  const bool changed = told.empty() != trouble.empty();
  told = trouble;
  if (!changed) return;
  const std::string who = "usage: the meters of worker " + std::to_string(worker);
  if (trouble.empty()) return log::say(log::Level::info, who + " are in their file again");
  log::say(log::Level::error,
           who + ": " + trouble + "; what is not in the ledger yet would not survive a crash");
}

bool Health::memory_alone() const {
  for (const auto& [worker, trouble] : meter_trouble_) {
    if (!trouble.empty()) return true;
  }
  return false;
}

}  // namespace gateway::usage::ledger
