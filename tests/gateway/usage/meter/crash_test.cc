// What is left of a process that is killed.
#include <atomic>
#include <csignal>
#include <new>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <doctest/doctest.h>

#include "gateway/usage/meter/book.h"
#include "gateway/usage/meter/file_reader.h"
#include "tests/gateway/usage/buckets.h"
#include "tests/support/folder.h"

namespace {

using namespace gateway::usage;
using namespace gateway::usage::meter;
using namespace std::chrono_literals;

using tests::kBegin;
constexpr uint64_t kEach = 1000;

// What the child says it has done, in memory that both share.
class Told {
 public:
  Told()
      : adds_(new (::mmap(nullptr, sizeof(std::atomic<uint64_t>), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0)) std::atomic<uint64_t>{0}) {}
  Told(const Told&) = delete;
  Told& operator=(const Told&) = delete;
  ~Told() { ::munmap(adds_, sizeof(std::atomic<uint64_t>)); }
  std::atomic<uint64_t>& adds() { return *adds_; }

 private:
  std::atomic<uint64_t>* adds_;
};

// Adds to five domains in turn and lets a bucket pass every thousand adds, until it is killed.
[[noreturn]] void add_until_killed(const std::string& folder, std::atomic<uint64_t>& told) {
  Book book({.folder = folder, .node = "n1", .boot = "b1", .worker = 3});
  std::vector<Meter*> meters;
  for (const char* name : {"a", "b", "c", "d", "e"}) meters.push_back(&book.meter(name));
  for (uint64_t i = 0;; ++i) {
    const milliseconds time = std::chrono::seconds{300 * (i / 1000)};
    if (i % 1000 == 0) book.tick(time, std::chrono::seconds{kBegin} + time);
    meters[i % meters.size()]->add(Field::client_bytes_out, kEach);
    told.store(i + 1, std::memory_order_release);
    if (i % 64 == 0) std::this_thread::yield();
  }
}

TEST_CASE("meter: a killed process leaves every byte behind, but for the one add it was in") {
  for (int round = 0; round < 20; ++round) {
    const tests::Folder folder;
    Told told;
    const pid_t child = ::fork();
    if (child == 0) add_until_killed(folder.path(), told.adds());
    // Different moments, by how far it has come and not by a clock.
    const uint64_t enough = 100 + 977 * static_cast<uint64_t>(round);
    while (told.adds() < enough) std::this_thread::yield();
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);

    const auto remains = read_file(files_in(folder.path()).at(0));
    REQUIRE(remains);
    CHECK(remains->damage.empty());
    CHECK(remains->of.boot == "b1");
    uint64_t bytes = 0;
    for (const Row& row : remains->rows) {
      CHECK(row.complete);
      bytes += row.totals[Field::client_bytes_out];
    }
    const uint64_t sure = told.adds() * kEach;
    CHECK((bytes == sure || bytes == sure + kEach));
  }
}

}  // namespace
