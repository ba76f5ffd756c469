// Remembers the certificates, keys and passwords that are in force, to tell which of them a reload
// has read anew: the configuration files that name them may be the same as before.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/files/file_version.h"

namespace gateway::server {

class NamedFiles {
 public:
  // These were just read. Returns those that had been read before and have changed since.
  std::vector<std::string> take(const std::vector<std::string>& files);

  const std::vector<std::string>& list() const { return files_; }

 private:
  std::vector<std::string> files_;
  std::map<std::string, files::FileMark> marks_;
};

// For the log: "2 files: /etc/weir/a.key, /etc/weir/a.pem".
std::string listed(const std::vector<std::string>& files);

}  // namespace gateway::server
