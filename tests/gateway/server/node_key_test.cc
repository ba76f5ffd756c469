#include "gateway/server/node_key.h"

#include <filesystem>
#include <string>
#include <sys/stat.h>

#include <doctest/doctest.h>

#include "tests/support/folder.h"

using namespace tests;
using namespace gateway::server;

TEST_CASE("K1 node key: it is made once, for its owner alone, and is the same from then on") {
  const Folder folder;
  const auto made = node_key(folder.path());
  REQUIRE(made.has_value());
  CHECK(made->size() == 64);
  struct stat status {};
  REQUIRE(::stat(node_key_path(folder.path()).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(*node_key(folder.path()) == *made);
  const Folder other;
  CHECK(*node_key(other.path()) != *made);
}

TEST_CASE("K1 node key: half a key, or one behind a link, is none, and that is said") {
  const Folder folder;
  folder.write("sticky.key", "0123");
  const auto brief = node_key(folder.path());
  REQUIRE_FALSE(brief.has_value());
  CHECK(brief.error().find("sticky.key is shorter than Weir has made it") != std::string::npos);
  std::filesystem::remove(node_key_path(folder.path()));
  folder.write("elsewhere", std::string(64, 'a'));
  std::filesystem::create_symlink(folder.file("elsewhere"), node_key_path(folder.path()));
  CHECK_FALSE(node_key(folder.path()).has_value());
  const auto nowhere = node_key(folder.file("none"));
  REQUIRE_FALSE(nowhere.has_value());
  CHECK(nowhere.error().find("cannot be written") != std::string::npos);
}
