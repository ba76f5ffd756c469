// A book's slots: how they come, go back and run out, with a file, without one, on a full disk.
#include "gateway/usage/meter/book.h"

#include <csignal>
#include <filesystem>
#include <functional>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "gateway/usage/meter/file_reader.h"
#include "tests/gateway/usage/buckets.h"
#include "tests/support/folder.h"

namespace {

using namespace gateway::usage;
using namespace gateway::usage::meter;
using namespace std::chrono_literals;

using tests::kBegin;

class Worker {
 public:
  explicit Worker(Book& book) : book_(book) { tick(0s); }

  void tick(milliseconds passed) {
    time_ += passed;
    book_.tick(time_, std::chrono::seconds{kBegin} + time_);
  }
  void next_bucket() { tick(300s); }
  void add(const std::string& domain, uint64_t number = 1) {
    book_.meter(domain).add(Field::client_bytes_out, number);
  }
  // Of the first `domains`, each a byte.
  void add_to_each(size_t domains) {
    for (size_t i = 0; i < domains; ++i) add("d" + std::to_string(i));
  }

 private:
  Book& book_;
  milliseconds time_{0};
};

// What a ledger does: writes, then gives back. The bytes of what was past.
uint64_t flush(Book& book) {
  uint64_t bytes = 0;
  for (const Book::Reading& reading : book.read()) {
    if (!reading.past) continue;
    bytes += reading.totals[Field::client_bytes_out];
    book.release(*reading.slot);
  }
  book.provide();
  return bytes;
}

uint64_t bytes_of(const std::vector<Row>& rows) {
  uint64_t sum = 0;
  for (const Row& row : rows) sum += row.totals[Field::client_bytes_out];
  return sum;
}

// The exit status of what `run` returns, in a process of its own.
int in_child(const std::function<int()>& run) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(run());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_CASE("book: released slots are used again, so the file does not grow without end") {
  const tests::Folder folder;
  Book book({.folder = folder.path(), .node = "n1", .boot = "b1"});
  Worker worker(book);
  uint64_t bytes = 0;
  uintmax_t size = 0;
  for (int bucket = 0; bucket < 40; ++bucket) {
    worker.add_to_each(200);
    worker.next_bucket();
    bytes += flush(book);
    worker.tick(1s);
    if (bucket == 5) size = std::filesystem::file_size(files_in(folder.path()).at(0));
  }
  CHECK(bytes == 200 * 40);
  CHECK(std::filesystem::file_size(files_in(folder.path()).at(0)) == size);
  CHECK(book.trouble().empty());
}

TEST_CASE("book: a slot that is used anew has no number of its last use") {
  const tests::Folder folder;
  Book book({.folder = folder.path(), .node = "n1", .boot = "b1"});
  Worker worker(book);
  std::set<Slot*> slots;
  for (int bucket = 0; bucket < 20; ++bucket) {
    worker.add_to_each(100);
    for (const auto& reading : book.read()) {
      slots.insert(reading.slot);
      CHECK(reading.totals[Field::client_bytes_out] == 1);
    }
    worker.next_bucket();
    flush(book);
    worker.tick(1s);
  }
  CHECK(slots.size() < 1200);
}

TEST_CASE("book: a release brings to the file a slot that is free") {
  const tests::Folder folder;
  Book book({.folder = folder.path(), .node = "n1", .boot = "b1"});
  Worker worker(book);
  worker.add("a.example");
  worker.next_bucket();
  worker.add("b.example");
  flush(book);
  const auto remains = read_file(files_in(folder.path()).at(0));
  REQUIRE(remains);
  REQUIRE(remains->rows.size() == 1);
  CHECK(remains->rows[0].key.domain == "b.example");
}

TEST_CASE("book: discard removes the file, and what is counted from there on makes none") {
  const tests::Folder folder;
  Book book({.folder = folder.path(), .node = "n1", .boot = "b1"});
  Worker worker(book);
  CHECK(files_in(folder.path()).size() == 1);
  book.discard();
  worker.add_to_each(2000);
  CHECK(files_in(folder.path()).empty());
  CHECK(book.trouble().empty());
}

TEST_CASE("book: at its cap every byte is still counted, and nothing grows with the buckets") {
  const tests::Folder folder;
  Book book({.folder = folder.path(), .node = "n1", .boot = "b1", .most_slots = 512});
  Worker worker(book);
  constexpr size_t kDomains = 100;
  uint64_t added = 0;
  const auto add = [&] {
    worker.add_to_each(kDomains);
    added += kDomains;
  };
  // The ledger is stuck: no slot comes back.
  for (int bucket = 0; bucket < 30; ++bucket) {
    add();
    add();
    worker.next_bucket();
    book.provide();
  }
  CHECK(book.trouble().find("no more slots") != std::string::npos);
  CHECK(book.read().size() <= 512 + kDomains);
  CHECK(bytes_of(read_file(files_in(folder.path()).at(0))->rows) == added);

  // A slot that its meter goes on in is not given out as final.
  uint64_t written = flush(book);
  CHECK(written < added);
  worker.tick(1s);
  worker.next_bucket();
  CHECK(book.trouble().empty());
  add();
  worker.next_bucket();
  written += flush(book);
  CHECK(written == added);
  CHECK(book.read().empty());
}

TEST_CASE("book: the cap holds however often it is reached") {
  Book book({.folder = "", .node = "n1", .boot = "b1", .most_slots = 256});
  Worker worker(book);
  uint64_t added = 0;
  uint64_t written = 0;
  size_t most = 0;
  for (int round = 0; round < 20; ++round) {
    for (int bucket = 0; bucket < 10; ++bucket) {
      worker.add_to_each(100);
      added += 100;
      worker.next_bucket();
    }
    most = std::max(most, book.read().size());
    written += flush(book);
    worker.tick(1s);
    worker.next_bucket();
    written += flush(book);
  }
  CHECK(most <= 256 + 100);
  CHECK(written == added);
}

TEST_CASE("book: a folder that cannot be written leaves the meters in memory, until it can") {
  const tests::Folder folder;
  // A file stands where the folder should be; that also stops root.
  const std::string place = folder.write("state", "");
  Book book({.folder = place, .node = "n1", .boot = "b1"});
  Worker worker(book);
  CHECK_FALSE(book.trouble().empty());
  worker.add_to_each(700);
  std::filesystem::remove(place);
  std::filesystem::create_directory(place);
  book.provide();
  CHECK(book.trouble().empty());
  worker.tick(1s);
  worker.next_bucket();
  worker.add_to_each(700);
  CHECK(bytes_of(read_file(files_in(place).at(0))->rows) == 700);
  uint64_t bytes = flush(book);
  worker.next_bucket();
  bytes += flush(book);
  CHECK(bytes == 1400);
}

TEST_CASE("book: a disk that is full is an error, never a signal, and nothing is lost by it") {
  const tests::Folder folder;
  const auto run = [&folder] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{1'000'000, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &small);
    Book book({.folder = folder.path(), .node = "n1", .boot = "b1"});
    Worker worker(book);
    if (!book.trouble().empty()) return 1;
    worker.add_to_each(3000);
    if (book.trouble().find("disk space") == std::string::npos) return 2;
    worker.add_to_each(3000);
    worker.next_bucket();
    if (flush(book) != 6000) return 3;
    const rlimit large{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &large);
    book.provide();
    if (!book.trouble().empty()) return 4;
    worker.tick(1s);
    worker.add_to_each(3000);
    const auto remains = read_file(files_in(folder.path()).at(0));
    if (!remains || !remains->damage.empty()) return 5;
    return bytes_of(remains->rows) == 3000 ? 0 : 6;
  };
  CHECK(in_child(run) == 0);
}

TEST_CASE("book: the head's disk being full leaves no file that is none") {
  const tests::Folder folder;
  const auto run = [&folder] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{100, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &small);
    Book book({.folder = folder.path(), .node = "n1", .boot = "b1"});
    Worker worker(book);
    worker.add("a.example");
    return !book.trouble().empty() && std::filesystem::is_empty(folder.path()) ? 0 : 1;
  };
  CHECK(in_child(run) == 0);
}

}  // namespace
