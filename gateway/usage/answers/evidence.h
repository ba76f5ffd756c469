// Where `weir usage verify` reads from.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gateway/usage/ledger/ledger.h"
#include "gateway/usage/meter/file_reader.h"
#include "gateway/usage/rows.h"
#include "proto/base/result.h"

namespace gateway::usage::answers {

// Where the three are read from. Read in this order, so that what is live is never behind what it
// is compared with: keys of meters, session records, rows, meters.
class Evidence {
 public:
  virtual ~Evidence() = default;
  // Errors: what could not be read; nothing is said about usage then.
  [[nodiscard]] virtual proto::Result<std::vector<meter::Remains>, std::string> meters() = 0;
  [[nodiscard]] virtual std::string sessions(
      const std::function<void(const ledger::SessionRow&)>& each) = 0;
  [[nodiscard]] virtual std::string rows(const std::function<void(const Row&)>& each) = 0;
};

// A node's own: its meter files and its ledger.
class StateEvidence final : public Evidence {
 public:
  // `ledger`: of the same state_dir.
  StateEvidence(std::string state_dir, ledger::Reader& ledger);

  proto::Result<std::vector<meter::Remains>, std::string> meters() override;
  std::string sessions(const std::function<void(const ledger::SessionRow&)>& each) override;
  std::string rows(const std::function<void(const Row&)>& each) override;

 private:
  std::string state_dir_;
  ledger::Reader& ledger_;
};

}  // namespace gateway::usage::answers
