#include "gateway/usage/answers/state_rows.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/usage/meter/sums.h"

namespace gateway::usage::answers {

namespace {

// The order of Rows.
struct ByBucket {
  static auto place(const RowKey& key) { return std::tie(key.bucket, key.domain); }
  bool operator()(const RowKey& a, const RowKey& b) const {
    return std::tuple_cat(place(a), std::tie(a.node, a.boot, a.part)) <
           std::tuple_cat(place(b), std::tie(b.node, b.boot, b.part));
  }
};

// Puts the meters' rows where they belong among the ledger's.
class Merge {
 public:
  Merge(const std::map<RowKey, Totals>& meters, const Selection& selection,
        const std::function<void(const Row&)>& each)
      : each_(each) {
    const std::set<std::string> wanted(selection.domains.begin(), selection.domains.end());
    for (const auto& [key, totals] : meters) {
      const bool in_range = key.bucket >= selection.from && key.bucket < selection.to;
      if (in_range && (wanted.empty() || wanted.contains(key.domain))) left_.emplace(key, &totals);
    }
  }

  void take(Row row) {
    while (!left_.empty() && ByBucket::place(left_.begin()->first) < ByBucket::place(row.key))
      give_next();
    if (const auto own = left_.find(row.key); own != left_.end()) {
      // What is complete in the ledger is what counts, whatever a file says that came back.
      if (!row.complete) row.totals = larger(row.totals, *own->second);
      left_.erase(own);
    }
    each_(row);
  }

  void finish() {
    while (!left_.empty()) give_next();
  }

 private:
  void give_next() {
    const auto first = left_.begin();
    each_({first->first, *first->second, false});
    left_.erase(first);
  }

  std::map<RowKey, const Totals*, ByBucket> left_;
  const std::function<void(const Row&)>& each_;
};

}  // namespace

proto::Result<std::unique_ptr<StateRows>, std::string> StateRows::open(
    const std::string& state_dir) {
  std::unique_ptr<StateRows> rows(new StateRows);
  // Before the ledger: what goes from the one to the other meanwhile is in at least one of them.
  rows->take_meters(state_dir);
  const std::string path = ledger::file_path(state_dir);
  std::error_code error;
  const bool only_meters = !std::filesystem::exists(path, error) && !error;
  if (only_meters && !rows->meters_.empty()) return rows;
  auto ledger = ledger::Reader::open(path);
  if (!ledger) return proto::Unexpected{std::move(ledger.error())};
  rows->ledger_ = std::move(*ledger);
  return rows;
}

void StateRows::take_meters(const std::string& state_dir) {
  const auto files = meter::read_folder(meter::folder_of(state_dir));
  if (!files) {
    missing_ = files.error() +
               "; what is not in the ledger yet is missing: what moved in the last seconds or, "
               "after a crash, since the last flush. Ask as Weir's user or as root";
    return;
  }
  meter::Sums sums;
  for (const meter::Remains& file : *files) {
    static_cast<void>(sums.add(file));
    if (!file.damage.empty() && missing_.empty())
      missing_ =
          "a meter file is damaged, what it has beyond the ledger may be missing: " + file.damage;
  }
  meters_ = sums.sums();
}

std::string StateRows::read(const Selection& selection,
                            const std::function<void(const Row&)>& each) {
  Merge merge(meters_, selection, each);
  if (ledger_ != nullptr) {
    std::string trouble = ledger_->read(selection, [&merge](const Row& row) { merge.take(row); });
    if (!trouble.empty()) return trouble;
  }
  merge.finish();
  return {};
}

std::optional<ledger::Reader::Extent> StateRows::extent() {
  std::optional<ledger::Reader::Extent> all;
  if (ledger_ != nullptr) all = ledger_->extent();
  for (const auto& [key, totals] : meters_) {
    if (!all) all = ledger::Reader::Extent{key.bucket, key.bucket};
    all->first = std::min(all->first, key.bucket);
    all->last = std::max(all->last, key.bucket);
  }
  return all;
}

}  // namespace gateway::usage::answers
