#include "gateway/usage/ledger/recovery.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "gateway/log/log.h"
#include "gateway/usage/ledger/files.h"
#include "gateway/usage/meter/sums.h"
#include "proto/base/utf8.h"

namespace gateway::usage::ledger {

namespace {

namespace fs = std::filesystem;

// "meter file PATH is FAULT: kept as NEW_PATH"
void put_aside(const std::string& path, std::string_view what, const std::string& fault,
               log::Level level) {
  const std::string text = "usage: meter file " + proto::printable(path + " is " + fault);
  std::string new_path;
  const std::string error = keep_aside(path, what, new_path);
  log::say(level, error.empty() ? text + ": kept as " + proto::printable(new_path)
                                : text + ", and cannot be renamed: " + error);
}

void set_damaged_aside(const std::string& path, const std::string& what) {
  put_aside(path, "damaged", "damaged (" + what + ")", log::Level::error);
}

std::string whose(const meter::Identity& of) {
  return "boot " + of.boot + ", worker " + std::to_string(of.worker);
}

void remove_recovered(const std::string& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error)
    log::say(log::Level::warning, "usage: meter file " + proto::printable(path) +
                                      " is in the ledger but cannot be removed (" +
                                      error.message() + "); that is harmless");
}

}  // namespace

Recovery::Recovery(std::string folder, std::string node, std::string boot)
    : folder_(std::move(folder)), node_(std::move(node)), own_boot_(std::move(boot)) {}

// Sets aside what is no meter file, and copies of those that this process writes to.
Recovery::Boots Recovery::boots() const {
  Boots found;
  for (const std::string& path : meter::files_in(folder_)) {
    // Of a file that is being written to nothing is wrong that renaming it would mend.
    const bool named_as_own = fs::path(path).filename().string().starts_with(own_boot_ + '-');
    const auto of = meter::read_identity(path);
    if (!of) {
      if (!named_as_own) set_damaged_aside(path, of.error());
    } else if (of->boot != own_boot_) {
      if (!done_.contains(of->boot)) found[of->boot].push_back(path);
    } else if (!is_own(path, *of)) {
      put_aside(path, "duplicate",
                "a copy of one that this process counts in (" + whose(*of) + "), and not counted",
                log::Level::warning);
    }
  }
  return found;
}

bool Recovery::is_own(const std::string& path, const meter::Identity& of) const {
  return path == meter::file_path(folder_, of.boot, of.worker);
}

std::optional<Error> Recovery::run(Ledger& ledger) {
  for (auto& [boot, files] : boots()) {
    const Remains remains = gather(std::move(files));
    if (!remains.rows.empty()) {
      if (auto error = ledger.write({.rows = remains.rows})) return error;
      say_recovered(boot, remains, ledger.rows_changed());
    }
    done_.insert(boot);
    put_away(remains);
  }
  finished_ = true;
  return std::nullopt;
}

Recovery::Remains Recovery::gather(std::vector<std::string> files) const {
  // Of two files the one that still has its name is the original.
  std::ranges::stable_partition(files, [this](const std::string& path) {
    const auto of = meter::read_identity(path);
    return of && is_own(path, *of);
  });
  Remains remains;
  meter::Sums sums;
  std::map<meter::Identity, std::string> first;
  for (const std::string& path : files) {
    const auto read = meter::read_file(path);
    if (!read) {
      set_damaged_aside(path, read.error());
      continue;
    }
    remains.node = read->of.node;
    if (!read->damage.empty()) {
      log::say(log::Level::error, "usage: meter file " + proto::printable(path) + " is damaged (" +
                                      read->damage + "): what could be read of it is counted");
      remains.damaged.push_back(path);
    }
    const bool is_first = sums.add(*read);
    if (is_first) first.emplace(read->of, path);
    if (!read->damage.empty()) continue;
    if (is_first) {
      remains.files.push_back(path);
    } else {
      remains.duplicates.push_back({path, first.at(read->of), read->of});
    }
  }
  for (auto& [key, totals] : sums.sums()) remains.rows.push_back({key, totals, true});
  return remains;
}

void Recovery::put_away(const Remains& remains) const {
  for (const std::string& path : remains.damaged) set_damaged_aside(path, "in part");
  for (const Duplicate& duplicate : remains.duplicates) {
    put_aside(duplicate.path, "duplicate",
              "a second one of " + whose(duplicate.of) + ", beside " + duplicate.first +
                  "; what both have is counted once",
              log::Level::warning);
  }
  for (const std::string& path : remains.files) remove_recovered(path);
}

void Recovery::say_recovered(const std::string& boot, const Remains& remains,
                             size_t changed) const {
  std::string who = "usage: the meters of an earlier run (boot " + proto::printable(boot);
  if (remains.node != node_) who += ", when this node was called " + proto::printable(remains.node);
  who += ") ";
  if (changed == 0)
    return log::say(log::Level::info, who + "were in the ledger already: nothing is added");
  Totals sum;
  for (const Row& row : remains.rows) sum += row.totals;
  log::say(log::Level::info, who + "are in the ledger: " + std::to_string(remains.rows.size()) +
                                 " rows, " + std::to_string(sum[Field::client_bytes_out]) +
                                 " bytes to and " + std::to_string(sum[Field::client_bytes_in]) +
                                 " bytes from clients");
}

}  // namespace gateway::usage::ledger
