#include "gateway/files/file_version.h"

#include <chrono>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/folder.h"

using namespace gateway::files;
using tests::Folder;

namespace {

namespace fs = std::filesystem;

// As if it had been written an hour ago.
void age(const std::string& path) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
}

}  // namespace

TEST_CASE("file version: a file that has rested and is as it was is not read again") {
  const Folder folder;
  const std::string path = folder.write("a.yaml", "one");
  age(path);
  const FileVersion first = look_at(path, nullptr);
  CHECK(is_surely(first, mark_of(path)));
  // What is told of it without reading it shows that it was not read.
  FileVersion told = first;
  told.digest.fill(7);
  CHECK(look_at(path, &told).digest == told.digest);
}

TEST_CASE("file version: a file that was written a moment ago is read again") {
  const Folder folder;
  const std::string path = folder.write("a.yaml", "one");
  const FileVersion first = look_at(path, nullptr);
  CHECK_FALSE(is_surely(first, mark_of(path)));
  FileVersion told = first;
  told.digest.fill(7);
  CHECK(look_at(path, &told).says_the_same_as(first));
}

TEST_CASE("file version: touched it says the same, written it does not, whatever its mark") {
  const Folder folder;
  const std::string path = folder.write("a.yaml", "one");
  const FileVersion first = look_at(path, nullptr);
  age(path);
  const FileVersion touched = look_at(path, &first);
  CHECK_FALSE(touched.mark == first.mark);
  CHECK(touched.says_the_same_as(first));
  folder.write("a.yaml", "two");
  CHECK_FALSE(look_at(path, &touched).says_the_same_as(touched));
}

TEST_CASE("file version: what cannot be read says what its mark says") {
  const Folder folder;
  const std::string path = folder.file("none.yaml");
  const FileVersion none = look_at(path, nullptr);
  CHECK_FALSE(none.mark.there);
  CHECK(look_at(path, &none).says_the_same_as(none));
  folder.write("none.yaml", "");
  CHECK(look_at(path, &none).mark.there);

  const std::string below = folder.path();
  const FileVersion before = look_at(below, nullptr);
  CHECK(look_at(below, &before).says_the_same_as(before));
  age(below);
  CHECK_FALSE(look_at(below, &before).says_the_same_as(before));
}
