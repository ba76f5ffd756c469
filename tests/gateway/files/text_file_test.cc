#include "gateway/files/text_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/support/folder.h"

using gateway::files::read_text_file;

TEST_CASE("text file: all of it, or a little more than is allowed") {
  const tests::Folder folder;
  const std::string path = folder.write("a", std::string(50'000, 'x'));
  CHECK(*read_text_file(path, 50'000) == std::string(50'000, 'x'));
  const auto cut = read_text_file(path, 100);
  REQUIRE(cut);
  CHECK(cut->size() > 100);
  CHECK(cut->size() < 50'000);
  CHECK(read_text_file(folder.write("b", ""), 100)->empty());
}

TEST_CASE("text file: what the system gives no size of is read to its end") {
  const auto text = read_text_file("/proc/self/status", 1 << 20);
  REQUIRE(text);
  CHECK(text->size() > 100);
}

TEST_CASE("FX4 text file: what is no file is not waited for, and called what it is") {
  const tests::Folder folder;
  CHECK(read_text_file(folder.file("none"), 9).error() ==
        "cannot be read: No such file or directory");
  const std::string irregular = "cannot be read: not a regular file: it is a ";
  CHECK(read_text_file(folder.path(), 9).error() == irregular + "folder");
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  const std::string pipe = irregular + "pipe, and would be waited for";
  CHECK(read_text_file(folder.file("pipe"), 9).error() == pipe);
  REQUIRE(::symlink(folder.file("pipe").c_str(), folder.file("link").c_str()) == 0);
  CHECK(read_text_file(folder.file("link"), 9).error() == pipe);
  for (const char* device : {"/dev/zero", "/dev/null", "/dev/tty"}) {
    CAPTURE(device);
    CHECK(read_text_file(device, 9).error() ==
          irregular + "device or a terminal, and may have no end");
  }
}

TEST_CASE("FX4 text file: what the system calls a file and cannot be read is an error") {
  // Regular by its mode, and without a byte to read.
  CHECK(read_text_file("/proc/self/mem", 9).error().starts_with("cannot be read: "));
}
