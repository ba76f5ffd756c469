// Meter files of boots that are over, under whatever names an operator has left them.
#include "gateway/usage/ledger/recovery.h"

#include <filesystem>

#include <doctest/doctest.h>

#include "gateway/usage/answers/verify.h"
#include "gateway/usage/meter/file.h"
#include "tests/gateway/usage/ledger/ledger_rows.h"
#include "tests/gateway/usage/ledger/ledger_scene.h"
#include "tests/support/folder.h"

using gateway::usage::meter::file_path;
using tests::Boot;
using tests::bytes_out;

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

struct Site {
  tests::Folder folder;

  std::string path() const { return folder.path(); }
  std::string ledger() const { return gateway::usage::ledger::file_path(folder.path()); }
  std::string meters() const { return gateway::usage::meter::folder_of(folder.path()); }
  std::string meter(const std::string& name) const { return meters() + "/" + name; }
  size_t files_with(std::string_view word) const {
    size_t number = 0;
    for (const auto& entry : fs::directory_iterator(meters()))
      number += entry.path().filename().string().find(word) != std::string::npos ? 1 : 0;
    return number;
  }
  size_t duplicates() const { return files_with(".meters.duplicate-"); }
  gateway::usage::answers::Verification verified() const {
    auto result = gateway::usage::answers::verify_state(path(), 0, milliseconds{1});
    REQUIRE(result);
    return *result;
  }
  // A boot that was killed: 10 bytes are in the ledger, 7 more in the meters alone.
  void leave_remains(size_t workers = 1) const {
    Boot dead(path(), "boot-1", workers);
    dead.add(0, "a", 10);
    CHECK(dead.flush());
    dead.add(workers - 1, "a", 7);
  }
  // What the ledger has after the next start.
  uint64_t restart(const std::string& boot = "boot-2", size_t workers = 1) const {
    Boot next(path(), boot, workers);
    CHECK(next.flush());
    return bytes_out(ledger());
  }
};

}  // namespace

TEST_CASE("FX22 recovery: a meter file that stands there twice counts once, and one is set aside") {
  const Site site;
  site.leave_remains();
  const std::string original = file_path(site.meters(), "boot-1", 0);
  std::string copy;
  SUBCASE("a file manager's copy") { copy = "boot-1-0 (copy).meters"; }
  SUBCASE("a name that sorts first") { copy = "a copy.meters"; }
  SUBCASE("a name like another worker's") { copy = "boot-1-1.meters"; }
  SUBCASE("a name like another boot's") { copy = "boot-7-0.meters"; }
  SUBCASE("a name like one of the next boot's") { copy = "boot-2-5.meters"; }
  SUBCASE("no name") { copy = ".meters"; }
  fs::copy(original, site.meter(copy));
  CHECK(site.verified().differences_found == 1);
  CHECK(to_text(site.verified()).find("several meter files of worker 0") != std::string::npos);
  CHECK(site.restart() == 17);
  CHECK(site.duplicates() == 1);
  CHECK(site.files_with("boot-1-0.meters.duplicate-") == 0);
  CHECK_FALSE(fs::exists(original));
  CHECK_FALSE(fs::exists(site.meter(copy)));
  CHECK(site.verified().differences_found == 0);
  CHECK(site.restart("boot-3") == 17);
}

TEST_CASE("FX22 recovery: files of several workers add up, and the copies of both do not") {
  const Site site;
  site.leave_remains(2);
  for (const char* const worker : {"0", "1"})
    fs::copy(site.meter("boot-1-" + std::string(worker) + ".meters"),
             site.meter("copy-" + std::string(worker) + ".meters"));
  CHECK(site.verified().differences_found == 2);
  CHECK(site.restart("boot-2", 2) == 17);
  CHECK(site.duplicates() == 2);
}

TEST_CASE("FX22 recovery: of an older copy and its original the larger numbers count") {
  const Site site;
  const auto live = [&site](const std::string& older) {
    Boot dead(site.path(), "boot-1", 1);
    dead.add(0, "a", 10);
    dead.add(0, "b", 1);
    fs::copy(file_path(site.meters(), "boot-1", 0), site.meter(older));
    dead.add(0, "a", 7);
  };
  SUBCASE("the copy is the older one") { live("copy.meters"); }
  SUBCASE("the original was taken from a backup") {
    live("older");
    const std::string original = file_path(site.meters(), "boot-1", 0);
    fs::rename(original, site.meter("copy.meters"));
    fs::rename(site.meter("older"), original);
  }
  CHECK(site.restart() == 18);
  CHECK(site.duplicates() == 1);
}

TEST_CASE("FX22 recovery: a copy of which only a part can be read adds nothing") {
  const Site site;
  site.leave_remains();
  const std::string copy = site.meter("copy.meters");
  fs::copy(file_path(site.meters(), "boot-1", 0), copy);
  fs::resize_file(copy, fs::file_size(copy) - 100);
  CHECK(site.restart() == 17);
  CHECK(site.files_with("copy.meters.damaged-") == 1);
  CHECK(site.restart("boot-3") == 17);
}

TEST_CASE("FX22 recovery: a file that comes back after its boot was recovered changes nothing") {
  const Site site;
  site.leave_remains();
  const std::string original = file_path(site.meters(), "boot-1", 0);
  fs::copy(original, site.folder.file("backup"));
  REQUIRE(site.restart() == 17);
  fs::copy(site.folder.file("backup"), original);
  CHECK(site.verified().differences_found == 0);
  CHECK(site.restart("boot-3") == 17);
  CHECK_FALSE(fs::exists(original));
  // Under a name of its own it is the same file.
  fs::copy(site.folder.file("backup"), site.meter("restored.meters"));
  CHECK(site.restart("boot-4") == 17);
  CHECK_FALSE(fs::exists(site.meter("restored.meters")));
}

TEST_CASE("FX22 recovery: with a ledger from a backup a file counts what that one lacks") {
  const Site site;
  {
    Boot dead(site.path(), "boot-1", 1);
    dead.add(0, "a", 10);
    CHECK(dead.flush());
    dead.add(0, "a", 7);
  }
  fs::copy(file_path(site.meters(), "boot-1", 0), site.folder.file("backup"));
  fs::copy(site.ledger(), site.folder.file("ledger"));
  REQUIRE(site.restart() == 17);
  for (const char* const side : {"-wal", "-shm"}) fs::remove(site.ledger() + side);
  fs::copy(site.folder.file("ledger"), site.ledger(), fs::copy_options::overwrite_existing);
  REQUIRE(bytes_out(site.ledger()) == 10);
  fs::copy(site.folder.file("backup"), site.meter("backup.meters"));
  CHECK(site.restart("boot-3") == 17);
}

TEST_CASE("FX22 recovery: links to a meter file are not files of their own") {
  const Site site;
  site.leave_remains();
  const std::string original = file_path(site.meters(), "boot-1", 0);
  SUBCASE("hard") { fs::create_hard_link(original, site.meter("link.meters")); }
  SUBCASE("symbolic") { fs::create_symlink(original, site.meter("link.meters")); }
  CHECK(site.restart() == 17);
  CHECK(site.duplicates() == 1);
  CHECK(site.restart("boot-3") == 17);
}

TEST_CASE("FX22 recovery: a copy of what this process writes to is not counted") {
  const Site site;
  Boot boot(site.path(), "boot-1", 1);
  boot.add(0, "a", 10);
  const std::string original = file_path(site.meters(), "boot-1", 0);
  const std::string copy = site.meter("copy.meters");
  SUBCASE("a file") { fs::copy(original, copy); }
  SUBCASE("a hard link") { fs::create_hard_link(original, copy); }
  SUBCASE("a symbolic link") { fs::create_symlink(original, copy); }
  CHECK(boot.flush());
  CHECK(bytes_out(site.ledger()) == 10);
  CHECK(site.duplicates() == 1);
  CHECK(fs::exists(original));
  boot.add(0, "a", 5);
  CHECK(boot.flush());
  CHECK(bytes_out(site.ledger()) == 15);
  CHECK(site.verified().differences_found == 0);
}

TEST_CASE("FX22 recovery: what this node counted under an earlier name is kept under that name") {
  const Site site;
  {
    gateway::usage::meter::Books meters({site.meters(), "old-name", "boot-1", 1});
    meters.book(0).meter("a").add(gateway::usage::Field::client_bytes_out, 5);
  }
  CHECK(site.restart() == 5);
  CHECK(tests::all_rows(site.ledger()).at(0).key.node == "old-name");
  CHECK(site.restart("boot-3") == 5);
}
