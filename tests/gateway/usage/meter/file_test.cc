#include "gateway/usage/meter/file.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <doctest/doctest.h>

#include "gateway/usage/meter/book.h"
#include "gateway/usage/meter/file_reader.h"
#include "gateway/usage/meter/layout.h"
#include "tests/gateway/usage/buckets.h"
#include "tests/support/folder.h"

namespace {

using namespace gateway::usage;
using namespace gateway::usage::meter;
using namespace std::chrono_literals;

using tests::kBegin;

// A file made by hand, in any layout.
class Made {
 public:
  // `sheet_numbers`: in each slot; 0: all of them.
  explicit Made(std::vector<std::string> names, size_t sheet_numbers = 0) {
    layout_.names = std::move(names);
    layout_.head_bytes = 8192;
    layout_.numbers_offset = SlotKey::kBytes;
    if (sheet_numbers == 0) sheet_numbers = layout_.names.size();
    layout_.slot_bytes = static_cast<uint32_t>(SlotKey::kBytes + sheet_numbers * sizeof(uint64_t));
    layout_.chunk_slots = 4;
    layout_.chunk_bytes = layout_.chunk_slots * layout_.slot_bytes;
    layout_.node = "old-node";
    layout_.boot = "old-boot";
    bytes_ = write_head(layout_);
    bytes_.append(layout_.chunk_bytes, '\0');
  }

  void slot(size_t index, const std::string& domain, int64_t bucket,
            const std::vector<uint64_t>& numbers, uint16_t sheet = 0) {
    const size_t at = place(index);
    put(at, uint64_t{1});
    put(at + 8, bucket);
    put(at + 16, uint32_t{2});
    put(at + 20, static_cast<uint16_t>(domain.size()));
    put(at + 22, sheet);
    put(at + 24, slot_check(bucket, 2, sheet, domain));
    domain.copy(bytes_.data() + at + 32, SlotKey::kMaxDomain);
    for (size_t i = 0; i < numbers.size(); ++i) put(at + SlotKey::kBytes + 8 * i, numbers[i]);
  }
  template <class Number>
  void put(size_t offset, Number number) {
    std::memcpy(bytes_.data() + offset, &number, sizeof number);
  }
  size_t place(size_t index) const { return layout_.head_bytes + index * layout_.slot_bytes; }
  std::string& bytes() { return bytes_; }
  void use_version(uint32_t version) {
    put(8, version);
    seal_head({bytes_.data(), layout_.head_bytes});
  }
  Layout& layout() { return layout_; }

  auto read() const {
    const tests::Folder folder;
    return read_file(folder.write("made.meters", bytes_));
  }

 private:
  Layout layout_;
  std::string bytes_;
};

// Three slots in use, of which tests damage the one in the middle.
Made three_slots() {
  Made made({"client_bytes_out"});
  made.slot(0, "a.example", kBegin, {1});
  made.slot(1, "b.example", kBegin, {2});
  made.slot(3, "c.example", kBegin, {4});
  return made;
}

std::string error_of(const Made& made) {
  const auto remains = made.read();
  return remains ? "" : remains.error();
}

TEST_CASE("meter file: what a book has counted is read back to the last number") {
  const tests::Folder folder;
  Totals expected;
  {
    Book book({.folder = folder.path(), .node = "n1", .boot = "b1", .worker = 2});
    book.tick(0s, std::chrono::seconds{kBegin});
    Meter& meter = book.meter("a.example");
    for (size_t i = 0; i < kFields; ++i) {
      const auto field = static_cast<Field>(i);
      i < kSessionFields ? meter.add(field, i + 1) : meter.add_http(field, i + 1);
      expected.fields[i] = i + 1;
    }
    for (size_t i = 0; i < gateway::outcome::kCauses; ++i) {
      for (size_t n = 0; n <= i; ++n) meter.refuse(static_cast<gateway::outcome::Cause>(i));
      expected.refused[i] = i + 1;
    }
    meter.answer(101);
    expected.answers[0] = 1;
    meter.answer_http(499);
    expected.http_answers[gateway::metrics::http_status_slot(499)] = 1;
    ++expected[Field::http_requests];
    meter.open(true);
    meter.close(gateway::outcome::Cause::drain);
    ++expected[Field::sessions_wss];
    ++expected.closed[static_cast<size_t>(gateway::outcome::Cause::drain)];
  }
  const auto files = files_in(folder.path());
  REQUIRE(files.size() == 1);
  CHECK(files[0] == file_path(folder.path(), "b1", 2));
  const auto remains = read_file(files[0]);
  REQUIRE(remains);
  CHECK(remains->of.node == "n1");
  CHECK(remains->of.boot == "b1");
  CHECK(remains->damage.empty());
  // One for each sheet.
  REQUIRE(remains->rows.size() == kSheets);
  Totals found;
  for (const Row& row : remains->rows) {
    CHECK(row.key == RowKey{"n1", "b1", "a.example", kBegin, 0});
    found += row.totals;
  }
  CHECK(found == expected);
}

TEST_CASE("meter file: nobody else may read it") {
  const tests::Folder folder;
  const Book book({.folder = folder.path(), .node = "n1", .boot = "b1"});
  struct stat status {};
  REQUIRE(::stat(files_in(folder.path()).at(0).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("meter file: a folder lists its meter files, sorted, and nothing else") {
  const tests::Folder folder;
  for (const char* name : {"b-1.meters", "b-0.meters", "c-0.meters.new", "usage.db", "meters"})
    folder.write(name, "");
  CHECK(files_in(folder.path()) ==
        std::vector{folder.file("b-0.meters"), folder.file("b-1.meters")});
  CHECK(files_in(folder.file("missing")).empty());
}

TEST_CASE("meter file: a file that another boot has begun and not named goes") {
  const tests::Folder folder;
  folder.write("old-0.meters.new", "half");
  const Book book({.folder = folder.path(), .node = "n1", .boot = "b1"});
  CHECK_FALSE(std::filesystem::exists(folder.file("old-0.meters.new")));
}

TEST_CASE("meter file: another version's numbers are found by their names") {
  Made made({"answers.101", "cosmic_rays", "client_bytes_in", "closed.drain"});
  made.slot(2, "a.example", kBegin, {7, 1, 9, 3});
  const auto remains = made.read();
  REQUIRE(remains);
  CHECK(remains->of.node == "old-node");
  CHECK(remains->damage.find("cosmic_rays") != std::string::npos);
  REQUIRE(remains->rows.size() == 1);
  CHECK(remains->rows[0].key == RowKey{"old-node", "old-boot", "a.example", kBegin, 2});
  Totals expected;
  expected.answers[0] = 7;
  expected[Field::client_bytes_in] = 9;
  expected.closed[static_cast<size_t>(gateway::outcome::Cause::drain)] = 3;
  CHECK(remains->rows[0].totals == expected);
}

TEST_CASE("meter file: the slots of a domain have its numbers sheet by sheet") {
  Made made({"client_bytes_in", "answers.101", "closed.drain", "http_requests", "http_answers.200"},
            2);
  made.slot(0, "a.example", kBegin, {1, 2});
  made.slot(1, "a.example", kBegin, {3, 4}, 1);
  made.slot(2, "a.example", kBegin, {5, 99}, 2);  // the last sheet has one number
  const auto remains = made.read();
  REQUIRE(remains);
  CHECK(remains->damage.empty());
  REQUIRE(remains->rows.size() == 3);
  Totals found;
  for (const Row& row : remains->rows) found += row.totals;
  Totals expected;
  expected[Field::client_bytes_in] = 1;
  expected.answers[0] = 2;
  expected.closed[static_cast<size_t>(gateway::outcome::Cause::drain)] = 3;
  expected[Field::http_requests] = 4;
  expected.http_answers[0] = 5;
  CHECK(found == expected);
}

TEST_CASE("meter file: one of version 1, where each slot has every number, is read as ever") {
  Made made({"client_bytes_in", "client_http_in", "answers.426"});
  made.slot(1, "a.example", kBegin, {7, 8, 9});
  made.use_version(1);
  const auto remains = made.read();
  REQUIRE(remains);
  CHECK(remains->damage.empty());
  REQUIRE(remains->rows.size() == 1);
  CHECK(remains->rows[0].key == RowKey{"old-node", "old-boot", "a.example", kBegin, 2});
  CHECK(remains->rows[0].totals[Field::client_bytes_in] == 7);
  CHECK(remains->rows[0].totals[Field::client_http_in] == 8);
  CHECK(remains->rows[0].totals.answers[gateway::metrics::status_slot(426)] == 9);
  Made small({"client_bytes_in", "client_http_in", "answers.426"}, 2);
  small.use_version(1);
  CHECK(error_of(small) == "the sizes in its head are impossible");
  made.use_version(3);
  CHECK(error_of(made) == "its format has the version 3, which is unknown here");
}

TEST_CASE("meter file: a slot that is impossible is damage, and the others are read") {
  struct Case {
    const char* what;
    void (*damage)(Made&, size_t at);
  };
  const Case cases[] = {
      {"state", [](Made& made, size_t at) { made.put(at, uint64_t{77}); }},
      {"no domain", [](Made& made, size_t at) { made.put(at + 20, uint16_t{0}); }},
      {"long domain", [](Made& made, size_t at) { made.put(at + 20, uint16_t{257}); }},
      {"huge domain", [](Made& made, size_t at) { made.put(at + 20, UINT16_MAX); }},
      {"other sheet", [](Made& made, size_t at) { made.put(at + 22, uint16_t{1}); }},
      {"no such sheet", [](Made& made, size_t) { made.slot(1, "b.example", kBegin, {2}, 1); }},
      {"half a domain", [](Made& made, size_t at) { made.put(at + 34, uint32_t{0}); }},
      {"other bucket", [](Made& made, size_t at) { made.put(at + 8, kBegin + 300); }},
      {"other part", [](Made& made, size_t at) { made.put(at + 16, uint32_t{9}); }},
      {"crooked bucket", [](Made& made, size_t) { made.slot(1, "b.example", kBegin + 1, {2}); }},
      {"past bucket", [](Made& made, size_t) { made.slot(1, "b.example", -300, {2}); }},
      {"far bucket", [](Made& made, size_t) { made.slot(1, "b.example", kBegin * 300'000, {2}); }},
      {"no name", [](Made& made, size_t) { made.slot(1, "b\nexample", kBegin, {2}); }},
      {"number", [](Made& made, size_t at) { made.put(at + SlotKey::kBytes, UINT64_MAX); }},
  };
  for (const Case& one : cases) {
    INFO(one.what);
    Made made = three_slots();
    one.damage(made, made.place(1));
    const auto remains = made.read();
    REQUIRE(remains);
    CHECK(remains->damage.find("slot 1: ") != std::string::npos);
    REQUIRE(remains->rows.size() == 2);
    CHECK(remains->rows[0].key.domain == "a.example");
    CHECK(remains->rows[1].key.domain == "c.example");
    CHECK(remains->rows[1].totals[Field::client_bytes_out] == 4);
  }
}

TEST_CASE("meter file: every length that it can be cut to is read as far as it goes") {
  Made made = three_slots();
  const std::string whole = made.bytes();
  for (size_t size = 0; size <= whole.size(); ++size) {
    // The head as a whole is one checksum: a few cuts in it are as good as all.
    if (size > 100 && size < 8150) continue;
    made.bytes() = whole.substr(0, size);
    const auto remains = made.read();
    if (size < 8192) {
      CHECK_FALSE(remains);
      continue;
    }
    REQUIRE(remains);
    const bool is_whole = size == whole.size() || size == 8192;
    CHECK(remains->damage.empty() == is_whole);
    size_t rows = 0;
    for (const size_t index : {0U, 1U, 3U}) rows += made.place(index + 1) <= size ? 1 : 0;
    CHECK(remains->rows.size() == rows);
  }
}

TEST_CASE("meter file: a head that is damaged is an error, not a sum") {
  Made made = three_slots();
  CHECK(error_of(made).empty());
  const std::string whole = made.bytes();
  for (size_t at = 0; at < 300; ++at) {
    made.bytes() = whole;
    made.bytes()[at] = static_cast<char>(made.bytes()[at] ^ 1);
    INFO(at);
    CHECK_FALSE(error_of(made).empty());
  }
  made.bytes() = "";
  CHECK_FALSE(error_of(made).empty());
  made.bytes() = std::string(100'000, 'x');
  CHECK_FALSE(error_of(made).empty());
}

TEST_CASE("meter file: a head whose sizes or names are impossible is an error") {
  struct Case {
    const char* what;
    void (*change)(Layout&);
  };
  const Case cases[] = {
      {"slots without room for a number", [](Layout& l) { l.slot_bytes = 290; }},
      {"numbers over the key", [](Layout& l) { l.numbers_offset = 8; }},
      {"numbers behind the slot", [](Layout& l) { l.numbers_offset = UINT32_MAX; }},
      {"no slots", [](Layout& l) { l.chunk_slots = 0; }},
      {"more slots than a chunk has room for", [](Layout& l) { l.chunk_slots = UINT32_MAX; }},
      {"huge chunks", [](Layout& l) { l.chunk_bytes = UINT32_MAX; }},
      {"no numbers", [](Layout& l) { l.names.clear(); }},
      {"a name twice",
       [](Layout& l) {
         l.names = {"client_bytes_in", "client_bytes_in"};
       }},
  };
  for (const Case& one : cases) {
    INFO(one.what);
    Made made = three_slots();
    one.change(made.layout());
    made.bytes() = write_head(made.layout()) + std::string(1000, '\0');
    CHECK_FALSE(error_of(made).empty());
  }
}

TEST_CASE("meter file: what is no regular file is an error, and never waited for") {
  const tests::Folder folder;
  CHECK_FALSE(read_file(folder.path()));
  CHECK_FALSE(read_file(folder.file("missing")));
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  CHECK_FALSE(read_file(folder.file("pipe")));
}

TEST_CASE("meter file: names at their longest still fit the head") {
  const tests::Folder folder;
  const std::string node(64, 'n');
  {
    Book book({.folder = folder.path(), .node = node, .boot = std::string(64, 'b')});
    book.tick(0s, std::chrono::seconds{kBegin});
    book.meter(std::string(300, 'd')).add(Field::client_bytes_in, 5);
    CHECK(book.trouble().empty());
  }
  const auto remains = read_file(files_in(folder.path()).at(0));
  REQUIRE(remains);
  CHECK(remains->of.node == node);
  REQUIRE(remains->rows.size() == 1);
  CHECK(remains->rows[0].key.domain == std::string(256, 'd'));
}

}  // namespace
