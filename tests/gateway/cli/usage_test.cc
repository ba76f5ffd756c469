#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "gateway/usage/answers/time_text.h"
#include "gateway/usage/ledger/ledger.h"
#include "gateway/usage/meter/file.h"
#include "gateway/usage/meter/books.h"
#include "tests/gateway/cli/command.h"

using namespace tests;
using Json = nlohmann::json;

namespace usage = gateway::usage;

namespace {

constexpr int64_t kTen = 1'795'341'600;  // 2026-11-22T10:00:00Z

int64_t now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

usage::Row row_of(const std::string& domain, int64_t bucket, uint64_t bytes) {
  usage::Row row;
  row.key = {"node-1", "b1", domain, bucket, 0};
  row.totals[usage::Field::client_bytes_out] = bytes;
  row.totals[usage::Field::client_bytes_in] = 1;
  return row;
}

struct Scene {
  explicit Scene(std::string_view domains = kEchoDomain)
      : config(write_config(folder, "state", domains)) {
    std::filesystem::create_directory(folder.file("state"));
  }
  void write(const std::vector<usage::Row>& rows, const std::vector<usage::Record>& records = {}) {
    auto ledger = usage::ledger::Ledger::open(usage::ledger::file_path(folder.file("state")));
    REQUIRE(ledger.has_value());
    REQUIRE_FALSE(ledger->write({.rows = rows, .node = "node-1", .boot = "b1", .records = records})
                      .has_value());
  }
  // What a killed process of that boot has left: nothing of it went to the ledger.
  void leave_meters(const std::string& boot, const std::string& domain, uint64_t bytes) {
    usage::meter::Books meters({usage::meter::folder_of(folder.file("state")), "node-1", boot, 1});
    meters.book(0).tick(std::chrono::seconds{1}, std::chrono::seconds{kTen});
    meters.book(0).meter(domain).add(usage::Field::client_bytes_out, bytes);
  }
  Done ask(std::vector<std::string> words) {
    words.insert(words.begin(), {"usage", "-c", config});
    return weir(words);
  }

  Folder folder;
  std::string config;
};

const std::vector<std::string> kTwoHours = {"--from", "2026-11-22T10:00", "--to",
                                            "2026-11-22T20:00+08:00"};

std::vector<std::string> with(std::vector<std::string> words) {
  words.insert(words.end(), kTwoHours.begin(), kTwoHours.end());
  return words;
}

}  // namespace

TEST_CASE("usage: the last 24 hours by the hour, of every domain") {
  Scene scene;
  scene.write({row_of("chat.example.com", usage::bucket_of(now()), 5000),
               row_of("other.example", usage::bucket_of(now() - 3600), 7)});
  const Done done = scene.ask({});
  CHECK(done.code == 0);
  CHECK(done.err.empty());
  CHECK(done.out.starts_with("chat.example.com, "));
  CHECK(done.out.find("UTC, by 1h\n") != std::string::npos);
  CHECK(done.out.find("5.00 kB") != std::string::npos);
  CHECK(done.out.find("\n\nother.example, ") != std::string::npos);
}

TEST_CASE("usage: a range, an interval, a format and domains by any of their names") {
  Scene scene(
      "  - names: [chat.example.com, alias.example.com]\n    websocket: { enabled: true }\n"
      "    usage: { direction: both, overhead_percent: 10 }\n    origin: { builtin: echo }\n");
  scene.write({row_of("chat.example.com", kTen + 300, 999), row_of("gone.example", kTen, 50)});
  Done done =
      scene.ask(with({"--domain", "Alias.example.com", "--format", "json", "--interval", "5m"}));
  REQUIRE(done.code == 0);
  Json json = Json::parse(done.out);
  CHECK(json["interval_seconds"] == 300);
  REQUIRE(json["domains"].size() == 1);
  CHECK(json["domains"][0]["intervals"].size() == 24);
  CHECK(json["domains"][0]["billing"]["billable_bytes"] == 1000);
  CHECK(json["domains"][0]["billing"]["overhead_bytes"] == 100);
  done = scene.ask(with(
      {"--merge", "--domain", "gone.example", "--domain", "chat.example.com", "--format", "json"}));
  REQUIRE(done.code == 0);
  json = Json::parse(done.out);
  REQUIRE(json["domains"].size() == 1);
  CHECK(json["domains"][0]["total"]["client_bytes_out"] == 1049);
  done = scene.ask(with({"--format", "csv", "--interval", "86400"}));
  CHECK(done.code == 0);
  CHECK(done.out.find("\r\ngone.example,2026-11-22T10:00:00Z,2026-11-22T12:00:00Z,") !=
        std::string::npos);
}

TEST_CASE("usage: a folder needs no configuration") {
  Scene scene;
  scene.write({row_of("a.example", kTen, 50)});
  const Done done = weir(with({"usage", "--state-dir", scene.folder.file("state")}));
  CHECK(done.code == 0);
  CHECK(done.out.starts_with("a.example, "));
  CHECK(done.out.find("billable") == std::string::npos);
}

TEST_CASE("usage: a misspelt domain is told which there are, a configured one is not misspelt") {
  Scene scene;
  scene.write({row_of("a.example", kTen, 50), row_of("b.example", kTen + 86'400, 50)});
  const Done done = scene.ask(with({"--domain", "c.example"}));
  CHECK(done.code == 1);
  CHECK(done.out.empty());
  CHECK(done.err ==
        "weir: there is no usage of a domain 'c.example'; there is of: a.example, b.example\n");
  CHECK(scene.ask(with({"--domain", "b.example"})).code == 0);
  CHECK(scene.ask(with({"--domain", "chat.example.com"})).code == 0);
  CHECK(scene.ask(with({"--merge", "--domain", "c.example"})).code == 1);
}

TEST_CASE("usage: a range without usage is answered, with where there is some") {
  Scene scene;
  scene.write({row_of("a.example", kTen - 86'400, 50), row_of("b.example", kTen + 86'400, 50)});
  const Done done = scene.ask(with({"--domain", "a.example"}));
  CHECK(done.code == 0);
  CHECK(done.err ==
        "weir: no usage from 2026-11-22T10:00:00Z to 2026-11-22T12:00:00Z; there is usage of some "
        "domain from 2026-11-21T10:00:00Z to 2026-11-23T10:05:00Z\n");
  CHECK(done.out.starts_with("a.example, "));
}

TEST_CASE("usage: times, intervals and formats that are none say what is allowed, with code 2") {
  Scene scene;
  scene.write({row_of("a.example", kTen, 50)});
  struct Rule {
    std::vector<std::string> words;
    const char* says;
  };
  const Rule rules[] = {
      {{"--from", "yesterday"}, "weir: --from: 'yesterday' is no time: write 2026-11-22"},
      {{"--to", "2026-13-01"}, "weir: --to: '2026-13-01' is no time"},
      {{"--from", "2026-11-22T10:03"},
       "weir: --from: usage is kept in buckets of 5 minutes: write 2026-11-22T10:00:00Z or "
       "2026-11-22T10:05:00Z\n"},
      {{"--from", "2026-11-22", "--to", "2026-11-21"}, "weir: --to 2026-11-21T00:00:00Z is not"},
      {{"--interval", "60"}, "weir: --interval: '60' is none: write 300, 3600 or 86400"},
      {{"--interval", "x"}, "weir: --interval: 'x' is none"},
      {{"--interval", "0"}, "weir: --interval: '0' is none"},
      {{"--interval", "400d"}, "weir: --interval: '400d' is none"},
      {{"--format", "xml"}, "weir: --format: 'xml' is none: write table, csv or json\n"}};
  for (const Rule& rule : rules) {
    CAPTURE(rule.says);
    const Done done = scene.ask(rule.words);
    CHECK(done.code == 2);
    CHECK(done.out.empty());
    CHECK(done.err.starts_with(rule.says));
  }
}

TEST_CASE("usage: what cannot be read is said, with the exit code for it") {
  Scene scene;
  Done done = scene.ask({});
  CHECK(done.code == 1);
  CHECK(done.err.starts_with("weir: " + usage::ledger::file_path(scene.folder.file("state"))));
  const std::string bad = scene.folder.write("bad.yaml", "listners: []\n");
  done = weir({"usage", "-c", bad});
  CHECK(done.code == 2);
  CHECK(done.err.find(bad + ":1:1: ") != std::string::npos);
  done = scene.ask({"--from-postgres"});
  CHECK(done.code == 1);
  CHECK(done.err.find("--from-postgres URL") != std::string::npos);
}

TEST_CASE("usage: the limit of an answer is told with what to ask instead") {
  Scene scene;
  std::vector<usage::Row> rows;
  for (int i = 0; i < 200; ++i) rows.push_back(row_of("d" + std::to_string(i), kTen, 1));
  scene.write(rows);
  const std::vector<std::string> words = {"--from",     "2026-11-20", "--to",
                                          "2026-11-27", "--interval", "5m"};
  const Done done = scene.ask(words);
  CHECK(done.code == 1);
  CHECK(done.err.find("merged") != std::string::npos);
}

TEST_CASE("usage verify: says what was compared, and exits 1 with a difference") {
  Scene scene;
  const int64_t bucket = usage::bucket_of(now());
  usage::Row row = row_of("chat.example.com", bucket, 100);
  row.totals[usage::Field::sessions_ws] = 1;
  usage::Record record;
  record.kind = usage::Record::Kind::stop;
  record.sequence = 1;
  record.domain = "chat.example.com";
  record.opened_ms = record.time_ms = bucket * 1000;
  record.totals[usage::Field::client_bytes_out] = 100;
  record.totals[usage::Field::client_bytes_in] = 1;
  scene.write({row}, {record});
  for (const auto& words : {std::vector<std::string>{"usage", "-c", scene.config, "verify"},
                            {"usage", "verify", "-c", scene.config},
                            {"usage", "verify", "--state-dir", scene.folder.file("state")}}) {
    const Done done = weir(words);
    CHECK(done.code == 0);
    CHECK(done.out.find("verified: 1 rows of the ledger") != std::string::npos);
    CHECK(done.out.find("0 differences\n") != std::string::npos);
  }
  row.totals[usage::Field::client_bytes_out] = 101;
  scene.write({row});
  const Done done = weir({"usage", "verify", "-c", scene.config});
  CHECK(done.code == 1);
  CHECK(done.out.find("field=client_bytes_out ledger=101 records=100") != std::string::npos);
  CHECK(done.out.find("NOT verified: ") != std::string::npos);
}

TEST_CASE("usage verify: takes no part of the usage, and no fleet's") {
  Scene scene;
  scene.write({row_of("a.example", kTen, 50)});
  for (const auto& words : {std::vector<std::string>{"verify", "--domain", "a.example"},
                            {"verify", "--merge"},
                            {"--interval", "300", "verify"},
                            {"verify", "--from-postgres"}}) {
    const Done done = scene.ask(words);
    CHECK(done.code == 2);
    CHECK(done.out.empty());
    CHECK(done.err.starts_with("weir: usage verify takes no --"));
  }
}

TEST_CASE("usage verify: without the meters nothing is said") {
  Scene scene;
  scene.write({row_of("a.example", kTen, 50)});
  scene.folder.write("state/meters", "no folder");
  const Done done = scene.ask({"verify"});
  CHECK(done.code == 1);
  CHECK(done.out.empty());
  CHECK(done.err.find("the meters cannot be read: ") != std::string::npos);
}

TEST_CASE("FY23 usage: what a killed Weir has left in its meters is part of the answer") {
  Scene scene;
  scene.write({row_of("chat.example.com", kTen, 100), row_of("chat.example.com", kTen + 300, 1)});
  scene.leave_meters("b1", "chat.example.com", 150);  // 100 of them are in the ledger
  scene.leave_meters("b2", "chat.example.com", 20);
  scene.leave_meters("b3", "other.example", 7);
  std::filesystem::copy(
      usage::meter::file_path(usage::meter::folder_of(scene.folder.file("state")), "b1", 0),
      usage::meter::folder_of(scene.folder.file("state")) + "/copy.meters");
  Done done = scene.ask(with({"--format", "json", "--interval", "5m"}));
  REQUIRE(done.code == 0);
  CHECK(done.err.empty());
  const Json json = Json::parse(done.out);
  REQUIRE(json["domains"].size() == 2);
  CHECK(json["domains"][0]["total"]["client_bytes_out"] == 171);
  CHECK(json["domains"][0]["intervals"][0]["client_bytes_out"] == 170);
  CHECK(json["domains"][1]["total"]["client_bytes_out"] == 7);
  done = scene.ask(with({"--domain", "other.example"}));
  CHECK(done.code == 0);
  CHECK(done.out.find("7 bytes") != std::string::npos);
}

TEST_CASE("FY23 usage: killed before its first flush, a Weir has left meters alone") {
  Scene scene;
  scene.leave_meters("b1", "chat.example.com", 150);
  Done done = scene.ask(with({}));
  CHECK(done.code == 0);
  CHECK(done.out.find("150 bytes") != std::string::npos);
  done = scene.ask({"--from", "2026-11-23T10:00"});
  CHECK(done.err.find("there is usage of some domain from 2026-11-22T10:00:00Z") !=
        std::string::npos);
}

TEST_CASE("FY23 usage: a row that is complete is what counts, whatever file comes back") {
  Scene scene;
  usage::Row row = row_of("chat.example.com", kTen, 100);
  row.complete = true;
  scene.write({row});
  scene.leave_meters("b1", "chat.example.com", 150);
  CHECK(scene.ask(with({})).out.find("100 bytes") != std::string::npos);
}

TEST_CASE("FY23 usage: meters that cannot be read are said to be missing in the answer") {
  Scene scene;
  scene.write({row_of("chat.example.com", kTen, 100)});
  SUBCASE("the folder") { scene.folder.write("state/meters", "not a folder"); }
  SUBCASE("a file") {
    std::filesystem::create_directory(scene.folder.file("state/meters"));
    scene.folder.write("state/meters/b1-0.meters", "damaged");
  }
  const Done done = scene.ask(with({}));
  CHECK(done.code == 0);
  CHECK(done.out.find("100 bytes") != std::string::npos);
  CHECK(done.err.starts_with("weir: note: "));
  CHECK(done.err.find("missing") != std::string::npos);
}

TEST_CASE("FY31 usage: the names in a complaint are printed as a terminal may show them") {
  Scene scene;
  scene.write({row_of("a\x1b[2J\nb", kTen, 50)});
  const Done done = scene.ask(with({"--domain", "c.example"}));
  CHECK(done.err ==
        "weir: there is no usage of a domain 'c.example'; there is of: a\\x1b[2J\\x0ab\n");
}
