// Answers about usage as people and machines read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/usage/answers/dcdn_api.h"
#include "gateway/usage/answers/query.h"

namespace gateway::usage::answers {

enum class Format : uint8_t { table, csv, json };

// `weir usage`. The table is for a terminal of 100 columns: one line for each interval with usage,
// then totals, peaks and the 95th percentile of each domain. With tariffs in the question, what is
// billed and the overhead stand beside, as figures of their own.
std::string report(const std::vector<Series>& series, const Question& question, Format format);

// "1.23 GB", with GB = 10^9, and "12.3 Mbit/s": three digits that count.
// A cell of CSV (RFC 4180) that no spreadsheet takes for a formula, with what is not printable as
// \\xHH: names come from the ledger's file, so they may be anything.
std::string csv_cell(std::string_view text);

std::string readable_bytes(uint64_t bytes);
std::string readable_bandwidth(double bits_per_second);

}  // namespace gateway::usage::answers
