#include "gateway/usage/recovery.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "gateway/log/log.h"
#include "gateway/usage/ledger_files.h"
#include "gateway/usage/meter_file.h"

namespace gateway::usage {

namespace {

namespace fs = std::filesystem;

// "<boot>-<worker>.meters"
std::string boot_of(const std::string& path) {
  const std::string name = fs::path(path).filename().string();
  return name.substr(0, name.rfind('-'));
}

void set_damaged_aside(const std::string& path, const std::string& what) {
  std::string new_path;
  const std::string error = keep_damaged(path, new_path);
  if (error.empty())
    return log::say(log::Level::error, "usage: meter file " + path + " is damaged (" + what +
                                           "): kept as " + new_path);
  log::say(log::Level::error, "usage: meter file " + path + " is damaged (" + what +
                                  ") and cannot be renamed: " + error);
}

void say_recovered(const std::string& boot, const std::map<RowKey, Row>& rows) {
  Totals sum;
  for (const auto& [key, row] : rows) sum += row.totals;
  log::say(log::Level::info, "usage: the meters of an earlier run (boot " + boot +
                                 ") are in the ledger: " + std::to_string(rows.size()) + " rows, " +
                                 std::to_string(sum[Field::client_bytes_out]) + " bytes to and " +
                                 std::to_string(sum[Field::client_bytes_in]) +
                                 " bytes from clients");
}

}  // namespace

Recovery::Recovery(std::string folder, std::string own_boot)
    : folder_(std::move(folder)), own_boot_(std::move(own_boot)) {}

Recovery::Boots Recovery::boots() const {
  Boots found;
  for (const std::string& path : meter_files(folder_)) {
    const std::string boot = boot_of(path);
    if (boot != own_boot_ && !done_.contains(boot)) found[boot].push_back(path);
  }
  return found;
}

std::optional<LedgerError> Recovery::run(Ledger& ledger) {
  for (const auto& [boot, files] : boots()) {
    const Remains remains = gather(files);
    std::vector<Row> rows;
    for (const auto& [key, row] : remains.rows) rows.push_back(row);
    if (!rows.empty()) {
      if (auto error = ledger.write({.rows = rows})) return error;
      say_recovered(boot, remains.rows);
    }
    done_.insert(boot);
    put_away(remains);
  }
  finished_ = true;
  return std::nullopt;
}

// A file without a readable head says nothing at all, and goes aside at once.
Recovery::Remains Recovery::gather(const std::vector<std::string>& files) const {
  Remains remains;
  for (const std::string& path : files) {
    auto read = read_meter_file(path);
    if (!read) {
      set_damaged_aside(path, read.error());
      continue;
    }
    auto& kept = read->damage.empty() ? remains.files : remains.damaged;
    kept.push_back(path);
    if (!read->damage.empty())
      log::say(log::Level::error, "usage: meter file " + path + " is damaged (" + read->damage +
                                      "): what could be read of it is counted");
    for (Row& row : read->rows) {
      Row& sum = remains.rows[row.key];
      sum.key = row.key;
      sum.totals += row.totals;
      sum.complete = true;
    }
  }
  return remains;
}

void Recovery::put_away(const Remains& remains) const {
  for (const std::string& path : remains.damaged) set_damaged_aside(path, "in part");
  for (const std::string& path : remains.files) {
    std::error_code error;
    fs::remove(path, error);
    if (error)
      log::say(log::Level::warning, "usage: meter file " + path +
                                        " is in the ledger but cannot be "
                                        "removed (" +
                                        error.message() + "); that is harmless");
  }
}

}  // namespace gateway::usage
