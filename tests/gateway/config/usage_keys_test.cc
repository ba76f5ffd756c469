#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using namespace std::chrono_literals;
using tests::contains;

namespace {

std::string node_with(std::string_view usage) {
  return std::string(tests::kListener) +
         "domains: [{ domain: a.test, origin: { builtin: echo } }]\nusage: " + std::string(usage) +
         '\n';
}

std::string domain_with(std::string_view usage) {
  return tests::with_domain("usage: " + std::string(usage) + "\norigin: { builtin: echo }");
}

Document document_of(const std::string& yaml) {
  Reading reading = read_text(yaml, "t.yaml");
  for (const Problem& problem : reading.problems) FAIL_CHECK(to_string(problem));
  return reading.document;
}

std::string only(const std::string& yaml) {
  auto found = tests::problems_of(yaml);
  for (const std::string& problem : found) INFO(problem);
  REQUIRE(found.size() == 1);
  return found[0];
}

// A file with `text` in it, gone with the object.
class SecretFile {
 public:
  explicit SecretFile(std::string_view text)
      : path_(std::filesystem::temp_directory_path() /
              ("weir-secret-" + std::to_string(getpid()))) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;
  ~SecretFile() { std::filesystem::remove(path_); }

  std::string path() const { return path_.string(); }
  std::string yaml() const { return node_with("{ postgres: { url: \"file:" + path() + "\" } }"); }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("usage: every key of the node is read") {
  Usage usage = document_of(node_with("{ flush_interval: 500ms, interim_interval: 60s, "
                                      "keep: 365d, sessions: off, postgres: { url: "
                                      "\"postgresql://weir@db.test/usage\", timeout: 5s } }"))
                    .usage;
  CHECK(usage.flush_interval == 500ms);
  CHECK(usage.interim_interval == 60s);
  CHECK(usage.keep == 365 * 24h);
  CHECK_FALSE(usage.sessions);
  REQUIRE(usage.postgres.has_value());
  CHECK(usage.postgres->url == "postgresql://weir@db.test/usage");
  CHECK(usage.postgres->url_source.empty());
  CHECK(usage.postgres->timeout == 5s);
}

TEST_CASE("usage: absent and empty sections mean the defaults") {
  CHECK(document_of(node_with("")).usage == Usage{});
  CHECK(document_of(node_with("{ postgres: off }")).usage == Usage{});
  CHECK(document_of(domain_with("{ budget: { traffic: off } }")).domains[0].usage == DomainUsage{});
}

TEST_CASE("usage: wrong values of the node are answered with what is allowed") {
  struct Row {
    const char* usage;
    const char* says;
  };
  for (const Row& row : {
           Row{"{ flush_interval: 99ms }",
               "usage.flush_interval: \"99ms\" is out of range; "
               "allowed is 100ms to 60s"},
           Row{"{ flush_interval: off }", "\"off\" is not a time"},
           Row{"{ interim_interval: 9s }", "allowed is 10s to 1d"},
           Row{"{ keep: 12h }", "usage.keep: \"12h\" is out of range; allowed is 1d to 3650d"},
           Row{"{ keep: off }", "allowed is 1d to 3650d"},
           Row{"{ sessions: some }", "is neither true (on) nor false (off)"},
           Row{"{ postgres: on }", "usage.postgres: must be off, or a map"},
           Row{"{ postgres: { timeout: 5s } }", "usage.postgres.url: is missing"},
           Row{"{ postgres: { url: db.test } }", "is not the address of a PostgreSQL database"},
           Row{"{ postgres: { url: \"dbname=d\", timeout: 999ms } }", "allowed is 1s to 5m"},
           Row{"{ postgres: [a] }", "must be off, or a map"},
           Row{"{ retain: 5d }", "unknown key \"retain\"; known here: flush_interval"},
           Row{"{ retention: 5d }", "did you mean \"usage.keep\"?"},
           Row{"{ postgres: { dsn: \"dbname=d\", url: \"dbname=d\" } }",
               "did you mean \"usage.postgres.url\"?"},
       }) {
    CAPTURE(row.usage);
    auto found = only(node_with(row.usage));
    CAPTURE(found);
    CHECK(contains(found, "t.yaml:3:"));
    CHECK(contains(found, row.says));
  }
}

TEST_CASE("usage: the address of the database comes from a file, or from the environment") {
  {
    SecretFile file("postgresql://weir:hunter2@db.test/usage\n");
    Usage usage = document_of(file.yaml()).usage;
    CHECK(usage.postgres->url == "postgresql://weir:hunter2@db.test/usage");
    CHECK(usage.postgres->url_source == "file:" + file.path());
    Document document = document_of(file.yaml());
    CHECK_FALSE(contains(print(document), "hunter2"));
    CHECK(read_text(print(document), "printed").document.usage == usage);
  }
  setenv("WEIR_TEST_DATABASE", "host=h password=hunter2", 1);
  Document document = document_of(node_with("{ postgres: { url: \"${WEIR_TEST_DATABASE}\" } }"));
  CHECK(document.usage.postgres->url == "host=h password=hunter2");
  CHECK(contains(print(document), "url: \"${WEIR_TEST_DATABASE}\""));
  unsetenv("WEIR_TEST_DATABASE");
}

TEST_CASE("usage: an address that cannot be had is a problem with its place, and stays secret") {
  CHECK(contains(only(node_with("{ postgres: { url: \"${WEIR_TEST_DATABASE}\" } }")),
                 "t.yaml:3:27: usage.postgres.url: the environment variable "
                 "\"WEIR_TEST_DATABASE\" is not set"));
  CHECK(contains(only(node_with("{ postgres: { url: \"file:/nowhere/at/all\" } }")),
                 "the file \"/nowhere/at/all\" cannot be read: No such file"));
  CHECK(
      contains(only(node_with("{ postgres: { url: \"file:/dev/zero\" } }")), "not a regular file"));
  CHECK(contains(only(node_with("{ postgres: { url: \"file:/\" } }")), "not a regular file"));
  CHECK(contains(only(SecretFile("").yaml()), "is empty"));
  CHECK(contains(only(SecretFile("\n").yaml()), "is empty"));
  CHECK(contains(only(SecretFile("dbname=d\nuser=u\n").yaml()), "must be one line"));
  CHECK(contains(only(SecretFile("dbname=" + std::string(5000, 'd')).yaml()),
                 "is longer than 4096 bytes"));
  auto other = only(SecretFile("mysql://u:hunter2@h/d").yaml());
  CHECK(contains(other, "is not the address of a PostgreSQL database"));
  CHECK_FALSE(contains(other, "hunter2"));
}

TEST_CASE("usage: a password in the configuration itself is a warning that does not repeat it") {
  auto found = only(node_with("{ postgres: { url: \"postgresql://u:hunter2@h/d\" } }"));
  CHECK(contains(found, "usage.postgres.url: W_SECRET_IN_FILE: a password stands"));
  CHECK_FALSE(contains(found, "hunter2"));
}

TEST_CASE("usage: session records that are more frequent than flushes are a warning") {
  CHECK(contains(only(node_with("{ flush_interval: 60s, interim_interval: 30s }")),
                 "usage.interim_interval: W_USAGE_INTERVAL: interim_interval 30s < "
                 "flush_interval 60s"));
}

TEST_CASE("usage: every key of a domain is read") {
  DomainUsage usage = document_of(domain_with(
                                      R"({ billing: peak_bandwidth, direction: both,
  overhead_percent: 7.5, deduct_undelivered: on, budget: { traffic: 500GB, connection_seconds: 86400, messages: 1000000,
  period: day, soft: 90%, close: true } })"))
                          .domains[0]
                          .usage;
  CHECK(usage.billing == DomainUsage::Billing::peak_bandwidth);
  CHECK(usage.direction == DomainUsage::Direction::both);
  CHECK(usage.overhead_percent == 7.5);
  CHECK(usage.deduct_undelivered);
  CHECK(usage.budget.traffic == 500'000'000'000);
  CHECK(usage.budget.connection_seconds == 86'400);
  CHECK(usage.budget.messages == 1'000'000);
  CHECK(usage.budget.period == Budget::Period::day);
  CHECK(usage.budget.soft_percent == 90);
  CHECK(usage.budget.close);
}

TEST_CASE("usage: wrong values of a domain are answered with what is allowed") {
  struct Row {
    const char* usage;
    const char* says;
  };
  for (const Row& row : {
           Row{"{ billing: bandwidth }", "allowed is traffic or peak_bandwidth"},
           Row{"{ direction: in }", "allowed is out or both"},
           Row{"{ overhead_percent: 21 }", "allowed is 0% to 20%"},
           Row{"{ overhead_percent: -1 }", "is not a share"},
           Row{"{ budget: 500GB }", "usage.budget: must be a map"},
           Row{"{ budget: { traffic: 500GiB } }", "is not an amount of traffic"},
           Row{"{ budget: { traffic: 1.5TB } }", "such as 1500GB"},
           Row{"{ budget: { traffic: 999999 } }", "allowed is 1MB to 1000PB, or off"},
           Row{"{ budget: { traffic: 1001PB } }", "allowed is 1MB to 1000PB, or off"},
           Row{"{ budget: { connection_seconds: 0 } }", "allowed is 1 to 1000000000000000, or off"},
           Row{"{ budget: { messages: many } }", "is not a whole number"},
           Row{"{ budget: { messages: 5, period: week } }", "allowed is day or month"},
           Row{"{ budget: { messages: 5, soft: 0% } }", "allowed is 1% to 100%"},
           Row{"{ budget: { messages: 5, close: hard } }", "is neither true (on) nor false"},
           Row{"{ quota: 5 }", "did you mean \"usage.budget\"?"},
           Row{"{ keep: 5d }", "unknown key \"keep\"; known here: billing"},
       }) {
    CAPTURE(row.usage);
    auto found = only(domain_with(row.usage));
    CAPTURE(found);
    CHECK(contains(found, "t.yaml:4:"));
    CHECK(contains(found, row.says));
  }
}

TEST_CASE("usage: a budget without a limit is a warning, unless it is switched off in words") {
  CHECK(contains(only(domain_with("{ budget: { soft: 90% } }")),
                 "usage.budget: W_BUDGET_WITHOUT_LIMIT: no limit is set"));
  CHECK(contains(only(domain_with("{ budget: { close: true } }")),
                 "close: true has nothing to act on"));
  CHECK(contains(only(domain_with("{ budget: { traffic: off, close: true } }")),
                 "close: true has nothing to act on"));
  CHECK(contains(only(domain_with("{ budget: }")), "W_BUDGET_WITHOUT_LIMIT"));
  CHECK(tests::problems_of(domain_with("{ budget: { traffic: off } }")).empty());
  CHECK(tests::problems_of(
            domain_with("{ billing: peak_bandwidth, budget: { traffic: 1TB, close: true } }"))
            .empty());
}

TEST_CASE("usage: a domain inherits from the defaults key by key") {
  Document document = document_of(std::string(tests::kListener) + R"(
defaults: { usage: { direction: both, budget: { traffic: 2TB, period: day } } }
domains:
  - { domain: a.test, origin: { builtin: echo } }
  - { domain: b.test, origin: { builtin: echo }, usage: { budget: { soft: 50% } } }
  - { domain: c.test, origin: { builtin: echo }, usage: { budget: { traffic: off } } }
)");
  REQUIRE(document.domains.size() == 3);
  for (const Domain& domain : document.domains) {
    CHECK(domain.usage.direction == DomainUsage::Direction::both);
    CHECK(domain.usage.budget.period == Budget::Period::day);
  }
  CHECK(document.domains[0].usage.budget.traffic == 2'000'000'000'000);
  CHECK(document.domains[1].usage.budget.traffic == 2'000'000'000'000);
  CHECK(document.domains[1].usage.budget.soft_percent == 50);
  CHECK_FALSE(document.domains[2].usage.budget.traffic.has_value());
}
