#include "gateway/log/access_log.h"

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/folder.h"

using gateway::log::AccessLog;
using tests::Folder;
namespace fs = std::filesystem;

namespace {

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("access log: every line is in the file when the log has gone, in order") {
  const Folder folder;
  {
    AccessLog log(folder.file("access.log"));
    CHECK(log.error().empty());
    for (int i = 0; i < 1000; ++i) log.write("line " + std::to_string(i));
    CHECK(log.figures().lost == std::array<uint64_t, 3>{});
  }
  const std::string text = content(folder.file("access.log"));
  CHECK(text.starts_with("line 0\nline 1\n"));
  CHECK(text.ends_with("line 999\n"));
}

TEST_CASE("access log: goes on in a new file after a rotation, and appends to one that is there") {
  const Folder folder;
  const std::string path = folder.file("access.log");
  {
    AccessLog log(path);
    log.write("first");
  }
  {
    AccessLog log(path);
    log.write("second");
  }
  CHECK(content(path) == "first\nsecond\n");
  auto log = std::make_unique<AccessLog>(path);
  fs::rename(path, folder.file("access.log.1"));
  log->reopen();
  // Done by the log's own thread.
  while (!fs::exists(path)) std::this_thread::yield();
  log->write("third");
  log.reset();
  CHECK(content(folder.file("access.log.1")) == "first\nsecond\n");
  CHECK(content(path) == "third\n");
}

TEST_CASE("access log: an unusable path is an error in words, and writing to it is harmless") {
  const Folder folder;
  AccessLog log(folder.file("no/such/folder.log"));
  CHECK(log.error().find("no/such/folder.log: ") != std::string::npos);
  log.write("nowhere");
  log.reopen();
  log.end(std::chrono::milliseconds{0});
  CHECK(log.figures().lost[2] == 1);
}

TEST_CASE("access log: many threads write whole lines") {
  const Folder folder;
  {
    AccessLog log(folder.file("access.log"));
    std::vector<std::thread> writers;
    for (char name = 'a'; name < 'e'; ++name) {
      writers.emplace_back([&log, name] {
        for (int i = 0; i < 500; ++i) log.write(std::string(20, name));
      });
    }
    for (std::thread& writer : writers) writer.join();
  }
  std::ifstream file(folder.file("access.log"));
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    CHECK(line == std::string(20, line.empty() ? '?' : line.front()));
  }
  CHECK(lines == 2000);
}
