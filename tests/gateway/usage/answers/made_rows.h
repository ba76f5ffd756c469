// Rows held in memory, in the place of a ledger.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gateway/usage/answers/query.h"
#include "gateway/usage/rows.h"

namespace tests {

inline constexpr int64_t kTen = 1'795'341'600;  // 2026-11-22T10:00:00Z

class MadeRows final : public gateway::usage::Rows {
 public:
  gateway::usage::Totals& add(const std::string& domain, int64_t bucket,
                              const std::string& boot = "b1", const std::string& node = "n1") {
    gateway::usage::Row row;
    row.key = {node, boot, domain, bucket, 0};
    rows.push_back(row);
    return rows.back().totals;
  }
  void add_bytes(const std::string& domain, int64_t bucket, uint64_t out, uint64_t in = 0) {
    auto& totals = add(domain, bucket);
    totals[gateway::usage::Field::client_bytes_out] = out;
    totals[gateway::usage::Field::client_bytes_in] = in;
  }

  std::string read(const gateway::usage::Selection& selection,
                   const std::function<void(const gateway::usage::Row&)>& each) override {
    ++reads;
    if (!trouble.empty()) return trouble;
    std::vector<gateway::usage::Row> sorted = rows;
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
      return std::pair(a.key.bucket, a.key.domain) < std::pair(b.key.bucket, b.key.domain);
    });
    const auto& domains = selection.domains;
    for (const auto& row : sorted) {
      const bool wanted = domains.empty() || std::find(domains.begin(), domains.end(),
                                                       row.key.domain) != domains.end();
      if (wanted && row.key.bucket >= selection.from && row.key.bucket < selection.to) each(row);
    }
    return {};
  }

  std::vector<gateway::usage::Row> rows;
  std::string trouble;
  int reads = 0;
};

inline gateway::usage::answers::Question question_of(int64_t from, int64_t to,
                                                     int64_t interval = 300) {
  gateway::usage::answers::Question question;
  question.from = from;
  question.to = to;
  question.interval = interval;
  return question;
}

}  // namespace tests
