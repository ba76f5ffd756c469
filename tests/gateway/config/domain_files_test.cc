#include "gateway/config/domain_files.h"

#include <chrono>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "gateway/config/yaml_reader.h"
#include "tests/support/folder.h"

using gateway::config::Reader;
using gateway::config::Reading;

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kListener = "listeners: [{ name: web, ports: [8080] }]\n";

// A node with domain files a, b and c, each with a warning of its own.
struct Files {
  Files() {
    fs::create_directory(folder.file("domains"));
    node("");
    for (const char* name : {"a", "b", "c"}) domain(name);
  }
  void node(const std::string& more) {
    folder.write("weir.yaml", std::string(kListener) + more + "domains: domains/*.yaml\n");
  }
  void domain(const std::string& name, const std::string& timeout = "60s",
              const std::string& more = "") {
    folder.write("domains/" + name + ".yaml",
                 "domain: " + name + ".test\nwebsocket: { connection_timeout: " + timeout +
                     ", client_timeout: 1h }\norigin: { servers: [{ address: 10.0.0.5 }]" + more +
                     " }\nhttp: { enabled: true }\n");
  }
  // As if everything had been written an hour ago.
  void age() {
    for (const auto& entry : fs::recursive_directory_iterator(std::string(folder.path()))) {
      if (!entry.is_regular_file()) continue;
      fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(1));
    }
  }
  Reading read() {
    Reading reading = reader.read();
    for (const auto& problem : reading.problems) {
      if (!problem.warning) FAIL_CHECK(to_string(problem));
    }
    return reading;
  }

  tests::Folder folder;
  Reader reader{folder.file("weir.yaml")};
};

size_t shared(const Reading& a, const Reading& b) {
  size_t same = 0;
  for (size_t i = 0; i < a.document.domains.size(); ++i)
    same += a.document.domains.share(i) == b.document.domains.share(i) ? 1 : 0;
  return same;
}

}  // namespace

TEST_CASE("domain files: the first reading parses all, the next one what has changed") {
  for (const bool rested : {false, true}) {
    CAPTURE(rested);
    Files files;
    if (rested) files.age();
    const Reading first = files.read();
    CHECK(first.parsed == 3);
    const Reading second = files.read();
    CHECK(second.parsed == 0);
    CHECK(shared(first, second) == 3);

    files.domain("b", "61s");
    const Reading third = files.read();
    CHECK(third.parsed == 1);
    CHECK(third.document.domains[1].websocket.connection_timeout == std::chrono::seconds(61));
    CHECK(shared(second, third) == 2);
    CHECK(second.document.domains[1].websocket.connection_timeout == std::chrono::seconds(60));
  }
}

TEST_CASE("domain files: one that was touched and says the same gives the same object") {
  Files files;
  const Reading first = files.read();
  files.age();
  const Reading touched = files.read();
  CHECK(touched.parsed == 0);
  CHECK(shared(first, touched) == 3);
  files.domain("b");
  CHECK(files.read().parsed == 0);
}

TEST_CASE("domain files: what is to be said of a file is said at each reading") {
  Files files;
  const Reading first = files.read();
  const Reading second = files.read();
  REQUIRE(first.problems.size() == 3);
  REQUIRE(second.problems.size() == 3);
  for (size_t i = 0; i < 3; ++i)
    CHECK(to_string(first.problems[i]) == to_string(second.problems[i]));

  files.domain("a", "60s", ", request_timeout: 200s");
  const size_t more = files.read().problems.size();
  CHECK(more > 3);
  CHECK(files.read().problems.size() == more);
}

TEST_CASE("domain files: other defaults are other domains; the rest of the node file is not") {
  Files files;
  const Reading first = files.read();
  files.folder.write("weir.yaml", std::string(kListener) +
                                      "domains: domains/*.yaml\nlog: { level: warning }\n"
                                      "limits: { max_head: 8KiB }\n");
  const Reading second = files.read();
  CHECK(second.parsed == 0);
  CHECK(shared(first, second) == 3);

  files.node("defaults: { http: { response_timeout: 60s } }\n");
  CHECK(files.read().parsed == 3);
  files.node("defaults: { websocket: { enabled: true } }\n");
  const Reading third = files.read();
  CHECK(third.parsed == 3);
  CHECK(third.document.domains[2].websocket.enabled);
  CHECK(files.read().parsed == 0);

  // What warnings name has another line now.
  files.node("\n\ndefaults: { websocket: { enabled: true } }\n");
  CHECK(files.read().parsed == 3);
}

TEST_CASE("domain files: a password that has changed is read with its domain") {
  Files files;
  const std::string secret = files.folder.write("secret", "first\n");
  files.domain("b", "60s", ", auth: { username: u, password: \"file:" + secret + "\" }");
  files.age();
  const Reading first = files.read();
  CHECK(files.read().parsed == 0);
  files.folder.write("secret", "other\n");
  const Reading second = files.read();
  CHECK(second.parsed == 1);
  CHECK(second.document.domains[1].origin.auth->credentials.password == "other");
  CHECK(shared(first, second) == 2);
}

TEST_CASE("domain files: a file with an error is read until it has none") {
  Files files;
  files.read();
  files.folder.write("domains/b.yaml", "domain: b.test\nwebsocket: { enabled: maybe }\n");
  for (int i = 0; i < 2; ++i) {
    const Reading wrong = files.reader.read();
    CHECK_FALSE(wrong.ok());
    CHECK(wrong.parsed == 1);
  }
  files.domain("b");
  CHECK(files.read().parsed == 1);
  CHECK(files.read().parsed == 0);
}

TEST_CASE("domain files: one that goes is forgotten, and new when it comes back") {
  Files files;
  files.read();
  fs::remove(files.folder.file("domains/b.yaml"));
  CHECK(files.read().document.domains.size() == 2);
  files.domain("b");
  const Reading back = files.read();
  CHECK(back.parsed == 1);
  CHECK(back.document.domains.size() == 3);
}

TEST_CASE("domain files: those that stand elsewhere than before are known all the same") {
  Files files;
  const Reading first = files.read();
  for (const char* name : {"0", "ab", "z"}) files.domain(name);
  const Reading more = files.read();
  CHECK(more.parsed == 3);
  REQUIRE(more.document.domains.size() == 6);
  for (const auto& [now, before] : {std::pair{1, 0}, {3, 1}, {4, 2}})
    CHECK(more.document.domains.share(now) == first.document.domains.share(before));

  files.folder.write("weir.yaml", std::string(kListener) +
                                      "domains: [ \"domains/[b-z]*.yaml\", domains/*.yaml ]\n");
  const Reading turned = files.read();
  CHECK(turned.parsed == 0);
  REQUIRE(turned.document.domains.size() == 6);
  CHECK(turned.document.domains[0].names.front() == "b.test");
  CHECK(turned.document.domains[3].names.front() == "0.test");
  CHECK(turned.document.domains.share(0) == first.document.domains.share(1));
}
