#include "gateway/server/named_files.h"

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/folder.h"

using namespace tests;
using gateway::server::listed;
using gateway::server::NamedFiles;
using Paths = std::vector<std::string>;

TEST_CASE("named files: tells what has changed since it was read, once") {
  Folder folder;
  const std::string key = folder.write("a.key", "one");
  const std::string chain = folder.write("a.pem", "one");
  NamedFiles files;
  CHECK(files.take({key, chain}).empty());
  CHECK(files.take({key, chain}).empty());
  folder.write("a.key", "another");
  CHECK(files.take({key, chain}) == Paths{key});
  CHECK(files.take({key, chain}).empty());
  CHECK(files.list() == Paths{key, chain});
}

TEST_CASE("named files: one that is named for the first time is not read anew") {
  Folder folder;
  const std::string key = folder.write("a.key", "one");
  NamedFiles files;
  CHECK(files.take({}).empty());
  CHECK(files.take({key}).empty());
}

TEST_CASE("named files: sees that another file has taken the place of one") {
  Folder folder;
  const std::string key = folder.write("a.key", "one");
  NamedFiles files;
  CHECK(files.take({key}).empty());
  const auto written = std::filesystem::last_write_time(key);
  std::filesystem::rename(folder.write("next", "two"), key);
  std::filesystem::last_write_time(key, written);
  CHECK(files.take({key}) == Paths{key});
}

TEST_CASE("named files: a line of the log lists as many as somebody reads") {
  CHECK(listed({"/a"}) == "1 file: /a");
  CHECK(listed({"/a", "/b"}) == "2 files: /a, /b");
  const std::string many = listed(Paths(25, "/x"));
  CHECK(many.starts_with("25 files: /x, /x"));
  CHECK(many.ends_with("/x and 5 more"));
}
