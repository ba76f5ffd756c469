#include "tests/support/access_file.h"

#include <fstream>
#include <string>

namespace tests {

// Here, so that the parser is compiled once and not for each test that reads a log.
std::vector<nlohmann::json> AccessFile::lines() {
  log_.reset();
  std::vector<nlohmann::json> all;
  std::ifstream file(folder_.file("access.log"));
  for (std::string line; std::getline(file, line);) all.push_back(nlohmann::json::parse(line));
  return all;
}

}  // namespace tests
