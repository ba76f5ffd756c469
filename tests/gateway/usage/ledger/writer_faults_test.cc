#include <cerrno>
#include <filesystem>
#include <functional>
#include <future>
#include <mutex>
#include <new>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <doctest/doctest.h>

#include "gateway/usage/ledger/pending_records.h"
#include "gateway/usage/ledger/writer.h"
#include "gateway/usage/meter/file.h"
#include "tests/gateway/usage/ledger/ledger_rows.h"
#include "tests/gateway/usage/ledger/ledger_scene.h"
#include "tests/support/faulty_files.h"
#include "tests/support/folder.h"

using gateway::usage::ledger::file_path;
using tests::Boot;
using tests::bytes_out;
using tests::record_of;

namespace {

namespace fs = std::filesystem;

constexpr int kDied = 77;

// What a child that dies has told until then.
struct Told {
  uint64_t added = 0;    // bytes that stand in meters
  uint64_t durable = 0;  // of them, what a flush has brought to the disk

  static Told* shared() {
    void* page =
        ::mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? nullptr : new (page) Told;
  }
};

void add(Boot& boot, Told& told, size_t worker, const std::string& domain, uint64_t bytes) {
  boot.add(worker, domain, bytes);
  told.added += bytes;
}

void flush(Boot& boot, Told& told) {
  const uint64_t added = told.added;
  if (boot.flush()) told.durable = added;
}

// A process that recovers another one's meters, counts in two buckets and ends in good order.
void live(const std::string& folder, Told& told) {
  Boot boot(folder, "boot-1");
  add(boot, told, 0, "a", 10);
  flush(boot, told);
  add(boot, told, 1, "a", 20);
  add(boot, told, 1, "b", 40);
  boot.push(record_of(1, 0, 1));
  flush(boot, told);
  boot.next_bucket();
  add(boot, told, 0, "a", 80);
  flush(boot, told);
  flush(boot, told);
  add(boot, told, 0, "c", 160);
  boot.writer().start();
  boot.writer().stop();
}

// Meters of boot-0 with 1000 bytes; a copy of them as they were is in `stale`.
void leave_remains(const std::string& folder) {
  Boot boot(folder, "boot-0");
  boot.add(0, "a", 300);
  boot.add(1, "a", 700);
}

// Runs `live` in a process of its own that ends before its n-th step; false: it got through.
bool dies_at(uint64_t step, bool power_cut, const std::string& folder, Told& told) {
  const pid_t child = ::fork();
  if (child == 0) {
    const tests::FaultsOn faults(folder);
    faults->die_at = step;
    faults->power_cut = power_cut;
    live(folder, told);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE((WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == kDied));
  return WEXITSTATUS(status) == kDied;
}

// The sum after the next start.
uint64_t sum_after_restart(const std::string& folder) {
  Boot next(folder, "boot-2");
  CHECK(next.flush());
  return bytes_out(file_path(folder));
}

size_t number_of_damaged(const std::string& folder) {
  size_t number = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    number += entry.path().string().find(".damaged-") != std::string::npos ? 1 : 0;
  return number;
}

// As if the disk had never seen what was counted: the meter files' pages are free or old.
void forget_meters(const std::string& folder) {
  for (const std::string& path :
       gateway::usage::meter::files_in(gateway::usage::meter::folder_of(folder))) {
    if (path.find("boot-1") != std::string::npos) fs::remove(path);
  }
}

// Dies before its first step, then before its second, until it gets through them all; after each,
// check(folder, told) says what has to be true.
template <class Check>
void die_before_each_step(bool power_cut, Check check) {
  uint64_t step = 1;
  for (bool died = true; died; ++step) {
    const tests::Folder folder;
    const tests::FaultsOn no_faults_yet(folder.path());
    leave_remains(folder.path());
    Told* const told = Told::shared();
    REQUIRE(told != nullptr);
    died = dies_at(step, power_cut, folder.path(), *told);
    INFO("step " << step);
    check(folder.path(), *told);
    ::munmap(told, sizeof(Told));
  }
  CHECK(step > 40);
}

}  // namespace

TEST_CASE("ledger writer: killed before any of its steps, the next start has every byte, once") {
  die_before_each_step(false, [](const std::string& folder, const Told& told) {
    CHECK(sum_after_restart(folder) == 1000 + told.added);
    CHECK(number_of_damaged(folder) == 0);
  });
}

TEST_CASE("ledger writer: after a power cut at any step, what a flush has brought is there, once") {
  die_before_each_step(true, [](const std::string& folder, const Told& told) {
    forget_meters(folder);
    const uint64_t sum = sum_after_restart(folder);
    CHECK(sum >= 1000 + told.durable);
    CHECK(sum <= 1000 + told.added);
  });
}

TEST_CASE("ledger writer: while the disk fails usage is counted, and then nothing is missing") {
  const tests::Folder folder;
  const tests::FaultsOn faults(folder.path());
  Boot boot(folder.path(), "boot-1");
  boot.add(0, "a", 1);
  REQUIRE(boot.flush());
  const std::function<void(int)> breaks[] = {
      [&faults](int error) { faults->write_error = error == 0 ? 0 : ENOSPC; },
      [&faults](int error) { faults->sync_error = error == 0 ? 0 : EIO; },
      [&faults](int error) { faults->write_error = error == 0 ? 0 : EIO; },
      [&faults](int error) { faults->write_error = faults->open_error = error == 0 ? 0 : EROFS; }};
  uint64_t sum = 1;
  uint8_t session = 0;
  for (const auto& set : breaks) {
    const uint64_t errors = boot.writer().figures().errors;
    set(1);
    for (int i = 0; i < 3; ++i) {
      boot.add(0, "a", 10);
      boot.add(1, "b", 5);
      sum += 15;
      boot.push(record_of(++session, 0, 0));
      CHECK_FALSE(boot.flush());
      boot.next_bucket();
    }
    CHECK_FALSE(boot.writer().figures().healthy);
    CHECK(boot.writer().figures().errors == errors + 3);
    set(0);
    CHECK(boot.flush());
    CHECK(boot.writer().figures().healthy);
    CHECK(boot.writer().figures().lag == std::chrono::milliseconds{0});
    CHECK(bytes_out(file_path(folder.path())) == sum);
  }
  CHECK(number_of_damaged(folder.path()) == 0);
  const auto reader = gateway::usage::ledger::Reader::open(file_path(folder.path()));
  REQUIRE(reader);
  size_t sessions = 0;
  CHECK((*reader)
            ->read_sessions({{}, 0, tests::kNoon * 2}, [&](const auto&) { ++sessions; })
            .empty());
  CHECK(sessions == 12);
}

TEST_CASE("ledger writer: starts on a disk that fails, and recovers once it works") {
  const tests::Folder folder;
  leave_remains(folder.path());
  const tests::FaultsOn faults(folder.path());
  SUBCASE("full") { faults->write_error = ENOSPC; }
  SUBCASE("read-only") { faults->write_error = faults->open_error = EROFS; }
  Boot boot(folder.path(), "boot-1");
  boot.add(0, "a", 1);
  CHECK_FALSE(boot.flush());
  boot.add(1, "a", 2);
  CHECK_FALSE(boot.flush());
  faults->write_error = faults->open_error = 0;
  CHECK(boot.flush());
  CHECK(bytes_out(file_path(folder.path())) == 1003);
  for (const std::string& path :
       gateway::usage::meter::files_in(gateway::usage::meter::folder_of(folder.path())))
    CHECK(path.find("boot-0") == std::string::npos);
}

TEST_CASE("ledger writer: stopped while the disk fails, the next start has it all") {
  const tests::Folder folder;
  {
    const tests::FaultsOn faults(folder.path());
    Boot boot(folder.path(), "boot-1");
    boot.writer().start();
    boot.add(0, "a", 5);
    faults->write_error = ENOSPC;
    boot.writer().stop();
  }
  CHECK(gateway::usage::meter::files_in(gateway::usage::meter::folder_of(folder.path())).size() ==
        2);
  CHECK(sum_after_restart(folder.path()) == 5);
}

TEST_CASE("ledger writer: after a failed fsync what the kernel forgot is written once more") {
  const tests::Folder folder;
  Told* const told = Told::shared();
  REQUIRE(told != nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    const tests::FaultsOn faults(folder.path());
    Boot boot(folder.path(), "boot-1");
    faults->power_cut = true;
    add(boot, *told, 0, "a", 10);
    flush(boot, *told);
    add(boot, *told, 0, "a", 20);
    faults->sync_error = EIO;
    flush(boot, *told);
    faults->sync_error = 0;
    // Pages that were not synced count as clean now: a later fsync does not bring them.
    add(boot, *told, 1, "b", 40);
    flush(boot, *told);
    tests::faults::cut_power();
    ::_exit(0);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  forget_meters(folder.path());
  CHECK(told->durable == 70);
  CHECK(sum_after_restart(folder.path()) == 70);
  ::munmap(told, sizeof(Told));
}

// The worker's side of a flush that the disk holds up: it counts in two buckets, with new domains.
TEST_CASE("ledger writer: no worker waits for a disk that takes its time to sync") {
  const tests::Folder folder;
  const tests::FaultsOn faults(folder.path());
  Boot boot(folder.path(), "boot-1");
  boot.add(0, "a", 1);
  REQUIRE(boot.flush());
  boot.next_bucket();
  boot.add(0, "a", 1);
  for (int i = 0; i < 2; ++i) REQUIRE(boot.flush());  // a slot was given back: it is synced next
  std::promise<void> syncing, counted;
  std::once_flag once;
  bool in_time = false;
  faults->during_sync = [&] {
    std::call_once(once, [&] {
      syncing.set_value();
      in_time =
          counted.get_future().wait_for(std::chrono::seconds{60}) == std::future_status::ready;
    });
  };
  boot.add(0, "a", 1);
  std::thread ledger([&boot] { CHECK(boot.flush()); });
  syncing.get_future().wait();
  auto& book = boot.meters().book(0);
  for (int i = 0; i < 100; ++i) boot.add(0, "d" + std::to_string(i), 1);
  book.tick(boot.wall() + std::chrono::hours{1}, boot.wall() + std::chrono::minutes{5});
  for (int i = 0; i < 100; ++i) boot.add(0, "d" + std::to_string(i), 1);
  counted.set_value();
  ledger.join();
  CHECK(in_time);
  faults->during_sync = {};
  CHECK(boot.flush());
  CHECK(bytes_out(file_path(folder.path())) == 203);
}

TEST_CASE("pending records: further sessions than there may be are dropped and counted") {
  gateway::usage::ledger::PendingRecords pending;
  const size_t most = gateway::usage::RecordQueue::kMost;
  gateway::usage::Record record = record_of(1, 0, 0);
  for (size_t i = 0; i < most + 3; ++i) {
    record.session[0] = static_cast<uint8_t>(i);
    record.session[1] = static_cast<uint8_t>(i >> 8);
    record.session[2] = static_cast<uint8_t>(i >> 16);
    pending.add({&record, 1});
  }
  CHECK(pending.size() == most);
  CHECK(pending.dropped() == 3);
  pending.begin();
  record.session[0] = record.session[1] = record.session[2] = 0;
  record.sequence = 9;
  pending.add({&record, 1});
  CHECK(pending.dropped() == 3);
  CHECK(pending.batch()[0].sequence == 9);
}

TEST_CASE("pending records: what waits from flush to flush is the latest of each session") {
  gateway::usage::ledger::PendingRecords pending;
  const auto add = [&pending](uint8_t session, uint32_t sequence) {
    gateway::usage::Record record = record_of(session, sequence, 100);
    pending.add({&record, 1});
  };
  pending.begin();
  add(1, 0);
  add(2, 0);
  pending.begin();
  add(2, 1);
  add(3, 0);
  pending.begin();
  add(3, 2);
  add(1, 0);  // late: nothing new
  REQUIRE(pending.size() == 3);
  CHECK(pending.batch()[0].sequence == 0);
  CHECK(pending.batch()[1].sequence == 1);
  CHECK(pending.batch()[2].sequence == 2);
  pending.clear();
  pending.begin();
  add(2, 2);
  CHECK(pending.size() == 1);
}
