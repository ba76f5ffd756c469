// A state_dir of the test's own, as an operator finds it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "gateway/usage/meter/file.h"
#include "tests/gateway/usage/ledger/ledger_rows.h"
#include "tests/support/folder.h"

namespace tests {

struct LedgerSite {
  Folder folder;
  std::string path() const { return folder.path(); }
  std::string ledger() const { return gateway::usage::ledger::file_path(folder.path()); }
  std::vector<std::string> meters() const {
    return gateway::usage::meter::files_in(gateway::usage::meter::folder_of(folder.path()));
  }
  // As an operator might, with a tool of his own.
  void run(const char* sql) const {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(ledger().c_str(), &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
  }
  size_t damaged(const std::string& below = "") const {
    size_t number = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() + below))
      number += entry.path().string().find(".damaged-") != std::string::npos ? 1 : 0;
    return number;
  }
};

// "a@0=15! ": domain, seconds since noon, bytes out, and whether the row is complete.
inline std::string sum_text(const std::vector<gateway::usage::Row>& rows) {
  std::string text;
  for (const gateway::usage::Row& row : rows)
    text += row.key.domain + "@" + std::to_string(row.key.bucket - kNoon) + "=" +
            std::to_string(row.totals[gateway::usage::Field::client_bytes_out]) +
            (row.complete ? "! " : " ");
  return text;
}

}  // namespace tests
