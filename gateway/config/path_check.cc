#include "gateway/config/path_check.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include "gateway/config/findings.h"
#include "gateway/config/named_files.h"
#include "gateway/log/sink.h"

namespace gateway::config {

namespace {

namespace fs = std::filesystem;

// A path that need not be there: compared as it is written, and, where it is, as the file that it
// leads to.
class Destination {
 public:
  explicit Destination(const std::string& path)
      : path_(resolved(path)), there_(::stat(path.c_str(), &status_) == 0) {}

  bool is(const std::string& other) const {
    struct stat status {};
    if (there_ && ::stat(other.c_str(), &status) == 0)
      return status.st_dev == status_.st_dev && status.st_ino == status_.st_ino;
    return path_ == resolved(other);
  }
  bool is_below(const std::string& folder) const {
    return fs::path(path_).parent_path() == resolved(folder);
  }

 private:
  static std::string resolved(const std::string& path) {
    std::error_code error;
    const fs::path whole = fs::weakly_canonical(path, error);
    return (error ? fs::path(path).lexically_normal() : whole).string();
  }

  std::string path_;
  struct stat status_ {};
  bool there_;
};

// The files that a Weir makes in its state_dir; SQLite has files of its own beside the ledger.
constexpr std::array<std::string_view, 6> kOwn{"weir.lock",    "control.sock", "usage.db",
                                               "usage.db-wal", "usage.db-shm", "usage.db-journal"};

// "the node file", or nothing for what is nobody's.
std::string owner_of(const Destination& path, const Document& document) {
  for (const std::string_view own : kOwn) {
    const std::string file = document.state_dir + '/' + std::string(own);
    if (path.is(file)) return "state_dir's own " + file;
  }
  if (path.is_below(document.state_dir + "/meters")) return "in the folder of state_dir's meters";
  for (const std::string& file : document.files) {
    if (path.is(file)) return "the configuration file " + file;
  }
  for (const std::string& file : named_files(document)) {
    if (path.is(file))
      return file + ", which the configuration names as a certificate, key or secret";
  }
  return {};
}

}  // namespace

void check_paths(const Document& document, Problems& problems) {
  const AccessLog& access = document.log.access;
  // Only whoever starts the process knows what standard output is.
  if (!access.path || *access.path == "-" || access.path->starts_with("/dev/std")) return;
  const auto refuse = [&](const std::string& why) {
    error(problems, access.place, "log.access.path", in_quotes(*access.path) + ' ' + why);
  };
  const std::string owner = owner_of(Destination(*access.path), document);
  if (!owner.empty()) return refuse("is " + owner + ": give the access log a file of its own");
  const std::string unfit = log::unfit_for_lines(*access.path);
  if (!unfit.empty()) refuse(unfit);
}

}  // namespace gateway::config
