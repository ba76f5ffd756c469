// The access log in a file of its own, read back line by line.
#pragma once

#include <memory>
#include <vector>

#include <nlohmann/json.hpp>

#include "gateway/log/access_log.h"
#include "tests/support/folder.h"

namespace tests {

class AccessFile {
 public:
  gateway::log::AccessLog& log() { return *log_; }

  // Whatever was written so far; nothing can be written from then on.
  std::vector<nlohmann::json> lines();

 private:
  Folder folder_;
  std::unique_ptr<gateway::log::AccessLog> log_ =
      std::make_unique<gateway::log::AccessLog>(folder_.file("access.log"));
};

}  // namespace tests
