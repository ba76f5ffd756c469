// A folder of the test's own, gone with it, and the access log read back from one.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "gateway/log/access_log.h"

namespace tests {

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  std::string path() const { return path_.string(); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  // Its path.
  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / name) << text;
    return file(name);
  }
  std::string read(const std::string& name) const {
    std::ifstream in(path_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::filesystem::path path_;
};

// The access log in a file of its own, read back line by line.
class AccessFile {
 public:
  gateway::log::AccessLog& log() { return *log_; }

  // Whatever was written so far; nothing can be written from then on.
  std::vector<nlohmann::json> lines() {
    log_.reset();
    std::vector<nlohmann::json> all;
    std::ifstream file(folder_.file("access.log"));
    for (std::string line; std::getline(file, line);) all.push_back(nlohmann::json::parse(line));
    return all;
  }

 private:
  Folder folder_;
  std::unique_ptr<gateway::log::AccessLog> log_ =
      std::make_unique<gateway::log::AccessLog>(folder_.file("access.log"));
};

}  // namespace tests
