#include "gateway/usage/ledger/files.h"

#include <chrono>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "gateway/usage/ledger/ledger.h"

namespace gateway::usage::ledger {

namespace {

namespace fs = std::filesystem;

std::string stamp() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  const size_t size = std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return {text, size};
}

std::string free_name(const std::string& wanted) {
  std::string name = wanted;
  std::error_code error;
  for (int number = 2; fs::exists(name, error); ++number)
    name = wanted + "-" + std::to_string(number);
  return name;
}

}  // namespace

std::string keep_aside(const std::string& path, std::string_view what, std::string& new_path) {
  new_path = free_name(path + "." + std::string(what) + "-" + stamp());
  std::error_code error;
  fs::rename(path, new_path, error);
  return error ? path + ": " + error.message() : std::string();
}

std::string set_aside(const std::string& path, std::string& new_path) {
  // The database first: a log without one is removed by SQLite, a database without its log would
  // be taken for whole.
  if (std::string error = keep_aside(path, "damaged", new_path); !error.empty()) return error;
  std::error_code ignored;
  fs::rename(path + "-wal", new_path + "-wal", ignored);
  fs::remove(path + "-shm", ignored);  // made anew by whoever opens it
  return {};
}

}  // namespace gateway::usage::ledger
