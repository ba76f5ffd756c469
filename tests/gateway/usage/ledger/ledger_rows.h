// Rows, records and queries for tests of the ledger.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/usage/ledger/ledger.h"

namespace tests {

inline constexpr int64_t kNoon = 1'764'072'000;  // 2025-11-25T12:00:00Z

inline gateway::usage::Row row_of(const std::string& domain, int64_t bucket, uint64_t bytes,
                                  bool complete = false) {
  gateway::usage::Row row{{"node-1", "boot-1", domain, bucket, 0}, {}, complete};
  row.totals[gateway::usage::Field::client_bytes_out] = bytes;
  row.totals[gateway::usage::Field::connection_milliseconds] = bytes * 3;
  row.totals.closed[2] = bytes / 2;
  row.totals.refused[3] = bytes / 3;
  row.totals.answers[0] = bytes / 5;
  return row;
}

inline gateway::usage::Record record_of(uint8_t session, uint32_t sequence, uint64_t bytes) {
  using Record = gateway::usage::Record;
  Record record;
  record.kind = sequence == 0 ? Record::Kind::start : Record::Kind::interim;
  record.sequence = sequence;
  record.session.fill(session);
  record.domain = "chat.example.com";
  record.client = "192.0.2.1";
  record.origin = "198.51.100.7:8080";
  record.opened_ms = kNoon * 1000;
  record.time_ms = (kNoon + sequence * 10) * 1000;
  record.duration_ms = sequence * 10'000;
  record.totals[gateway::usage::Field::client_bytes_out] = bytes;
  return record;
}

inline gateway::usage::ledger::Ledger opened(const std::string& path) {
  auto ledger = gateway::usage::ledger::Ledger::open(path);
  if (!ledger) FAIL(ledger.error().text);
  return std::move(*ledger);
}

inline void must_write(gateway::usage::ledger::Ledger& ledger,
                       const std::vector<gateway::usage::Row>& rows) {
  const auto error = ledger.write({.rows = rows});
  if (error) FAIL(error->text);
}

// One row of domain "a" in each of so many buckets, the first at noon.
inline void write_buckets(gateway::usage::ledger::Ledger& ledger, int64_t number) {
  for (int64_t i = 0; i < number; ++i) must_write(ledger, {row_of("a", kNoon + i * 300, 1)});
}

// Everything, in the order of reading.
inline std::vector<gateway::usage::Row> all_rows(const std::string& path,
                                                 const std::vector<std::string>& domains = {}) {
  auto reader = gateway::usage::ledger::Reader::open(path);
  if (!reader) FAIL(reader.error());
  std::vector<gateway::usage::Row> rows;
  const std::string error =
      (*reader)->read({domains, 0, kNoon * 2}, [&rows](const auto& row) { rows.push_back(row); });
  if (!error.empty()) FAIL(error);
  return rows;
}

inline uint64_t bytes_out(const std::string& path) {
  uint64_t sum = 0;
  for (const auto& row : all_rows(path)) sum += row.totals[gateway::usage::Field::client_bytes_out];
  return sum;
}

}  // namespace tests
