#include "gateway/server/metering.h"

#include <filesystem>

#include <doctest/doctest.h>

#include "tests/support/folder.h"

using gateway::config::Document;
using gateway::server::Metering;

namespace fs = std::filesystem;

namespace {

size_t meter_files_in(const tests::Folder& folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder.file("meters"))) ++count;
  return count;
}

}  // namespace

TEST_CASE("metering: a process that never served leaves no meter files behind") {
  const tests::Folder folder;
  gateway::net::Loop loop;
  {
    Metering metering({.state_dir = folder.path(), .boot = "b00f", .workers = 2}, Document(), loop);
    CHECK(meter_files_in(folder) == 2);
  }
  CHECK(meter_files_in(folder) == 0);
}

TEST_CASE("metering: one that served has everything in the ledger, and no meter files either") {
  const tests::Folder folder;
  gateway::net::Loop loop;
  {
    Metering metering({.state_dir = folder.path(), .boot = "b00f", .workers = 2}, Document(), loop);
    metering.start();
    metering.meters().book(0).meter("a.example").answer(101);
    CHECK(meter_files_in(folder) == 2);
  }
  CHECK(meter_files_in(folder) == 0);
  CHECK(fs::exists(folder.file("usage.db")));
}
