// The rows of a state_dir as they stand: the ledger's, and with them what the meters have beyond
// it. That is what moved since the last flush, or all that a killed Weir has left for its next
// start.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gateway/usage/ledger/ledger.h"
#include "gateway/usage/rows.h"
#include "proto/base/result.h"

namespace gateway::usage::answers {

class StateRows final : public Rows {
 public:
  // Error: why there is nothing to read, in words for the operator.
  static proto::Result<std::unique_ptr<StateRows>, std::string> open(const std::string& state_dir);

  [[nodiscard]] std::string read(const Selection& selection,
                                 const std::function<void(const Row&)>& each) override;

  // Where rows are; nothing: nowhere.
  std::optional<ledger::Reader::Extent> extent();
  // What may be missing, in words for the operator; empty: nothing.
  const std::string& missing() const { return missing_; }

 private:
  StateRows() = default;
  void take_meters(const std::string& state_dir);

  std::unique_ptr<ledger::Reader> ledger_;  // null: it has not come to one yet
  std::map<RowKey, Totals> meters_;
  std::string missing_;
};

}  // namespace gateway::usage::answers
