#include "gateway/config/yaml_reader.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using tests::contains;

namespace {

// A folder of its own that is gone after the test.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-config-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, std::string_view text) const {
    std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }
  std::filesystem::path path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::vector<std::string> texts(const Reading& reading) {
  std::vector<std::string> out;
  for (const Problem& problem : reading.problems) out.push_back(to_string(problem));
  return out;
}

constexpr std::string_view kEcho = "domain: echo.test\norigin: { builtin: echo }\n";

}  // namespace

TEST_CASE("yaml reader: the examples that ship have no problems, not even warnings") {
  Reading reading = read_files(WEIR_SOURCE_DIR "/conf/weir.yaml");
  CHECK(texts(reading) == std::vector<std::string>{});
  REQUIRE(reading.ok());
  CHECK(reading.document.domains.size() >= 2);
  CHECK(reading.document.files.size() == reading.document.domains.size() + 1);
}

TEST_CASE("yaml reader: what the examples call a default is the default") {
  Document shipped = read_files(WEIR_SOURCE_DIR "/conf/weir.yaml").document;
  CHECK(shipped.limits == NodeLimits{});
  CHECK(shipped.drain == Drain{});
  CHECK(shipped.log == Log{});
  CHECK(shipped.reload == Reload{});
  CHECK(shipped.admin == Admin{});
  Domain chat = shipped.domains[0];
  CHECK(chat.names == std::vector<std::string>{"chat.example.com"});
  chat.websocket.enabled = false;
  CHECK(chat.websocket == WebSocket{});
  chat.origin.servers.clear();
  REQUIRE(chat.origin.health.has_value());
  CHECK(chat.origin.health->host == "chat.example.com");
  chat.origin.health->host.clear();
  CHECK(chat.origin == Origin{});
  CHECK(chat.access == Access{});
}

TEST_CASE("yaml reader: domain files come by pattern, in the order of their names, each once") {
  Folder folder;
  folder.write("domains/b.yaml", "domain: b.test\norigin: { builtin: echo }\n");
  folder.write("domains/a.yaml", "domain: a.test\norigin: { builtin: echo }\n");
  folder.write("domains/ignored.txt", "not: yaml: at all");
  auto node = folder.write("weir.yaml",
                           std::string(tests::kListener) +
                               "domains:\n- domains/*.yaml\n- domains/b.yaml\n- names: [c.test]\n"
                               "  origin: { builtin: echo }\n");
  Reading reading = read_files(node);
  CHECK(texts(reading) == std::vector<std::string>{});
  REQUIRE(reading.document.domains.size() == 3);
  CHECK(reading.document.domains[0].names[0] == "a.test");
  CHECK(reading.document.domains[1].names[0] == "b.test");
  CHECK(reading.document.domains[2].names[0] == "c.test");
  REQUIRE(reading.document.files.size() == 3);
  CHECK(reading.document.files[0] == node);
  CHECK(reading.document.domains[1].place.file == reading.document.files[2]);
}

TEST_CASE("yaml reader: wildcards in the name of the folder itself mean themselves") {
  Folder folder;
  folder.write("a[1]*/one.yaml", kEcho);
  auto node = folder.write("a[1]*/weir.yaml", std::string(tests::kListener) + "domains: o*.yaml\n");
  CHECK(read_files(node).document.domains.size() == 1);
}

TEST_CASE(
    "yaml reader: the problems of all files come in one run, in the order of files and lines") {
  Folder folder;
  folder.write("domains/a.yaml", "domain: a.test\nwebsocket: { enabld: true }\n");
  folder.write("domains/b.yaml", "domain: b.test\norigin:\n  builtin: ech\n  protocol: ftp\n");
  auto node = folder.write(
      "weir.yaml", "domains: domains/*.yaml\nworkers: 0\nlisteners: [{ name: web, ports: [x] }]\n");
  auto found = texts(read_files(node));
  REQUIRE(found.size() == 5);
  auto prefix = (folder.path() / "").string();
  CHECK(contains(found[0], prefix + "weir.yaml:2:10: workers: \"0\" is out of range"));
  CHECK(contains(found[1], prefix + "weir.yaml:3:34: listeners[0].ports[0]: \"x\" is not a whole"));
  CHECK(found[2] == prefix +
                        "domains/a.yaml:2:14: websocket: unknown key \"enabld\": did you mean "
                        "\"enabled\"?");
  CHECK(contains(found[3],
                 prefix + "domains/b.yaml:3:12: origin.builtin: \"ech\" is not known here"));
  CHECK(contains(found[4], prefix + "domains/b.yaml:4:13: origin.protocol"));
}

TEST_CASE(
    "yaml reader: a named file that is missing is an error, a pattern without files a warning") {
  Folder folder;
  auto missing = folder.write("a.yaml", std::string(tests::kListener) + "domains: nowhere.yaml\n");
  Reading reading = read_files(missing);
  CHECK_FALSE(reading.ok());
  REQUIRE(reading.problems.size() == 1);
  CHECK(contains(to_string(reading.problems[0]), "a.yaml:2:10: domains: "));
  CHECK(contains(to_string(reading.problems[0]), "nowhere.yaml\" cannot be read: No such file"));

  auto empty = folder.write("b.yaml", std::string(tests::kListener) + "domains: no/*.yaml\n");
  reading = read_files(empty);
  CHECK(reading.ok());
  REQUIRE(reading.problems.size() == 1);
  CHECK(reading.problems[0].code == "W_NO_DOMAINS");
}

TEST_CASE("FX20 yaml reader: a reload takes no domains away that nobody took out") {
  Folder folder;
  const std::string listener(tests::kListener);
  const std::string one = "domain: a.test\norigin: { builtin: echo }\n";
  folder.write("domains/a.yaml", one);
  const auto node = [&](const std::string& domains) {
    return folder.write("weir.yaml", listener + domains);
  };
  const auto first = read_files(node("domains: domains/*.yaml\n"));
  REQUIRE(first.ok());
  const auto again = [&](const std::string& domains) {
    return Reader(node(domains)).read_again(first.document);
  };
  CHECK(again("domains: domains/*.yaml\n").problems.empty());
  const auto gone = [&](const std::string& domains, const char* says) {
    CAPTURE(domains);
    const auto reading = again(domains);
    CHECK_FALSE(reading.ok());
    REQUIRE(reading.problems.size() == 1);
    CHECK(contains(to_string(reading.problems[0]), says));
  };
  const char* kNoFile =
      "a reload takes no domains away for that: write domains: [] if none is meant";
  const char* kNone = "a reload does not take away the 1 in force for that: write domains: []";
  gone("domains: domians/*.yaml\n", kNoFile);
  gone("domains: [domains/*.yaml, more/*.yaml]\n", kNoFile);
  gone("", kNone);
  gone("domains:\n", "has no value");
  const auto meant = again("domains: []\n");
  CHECK(meant.ok());
  CHECK(meant.problems.at(0).code == "W_NO_DOMAINS");
  CHECK(again("domains: [{ domain: b.test, origin: { builtin: echo } }]\n").problems.empty());

  folder.write("domains/a.yaml", "");
  CHECK_FALSE(again("domains: domains/*.yaml\n").ok());
  std::filesystem::remove(folder.path() / "domains/a.yaml");
  gone("domains: domains/*.yaml\n", kNoFile);
  std::filesystem::remove(folder.path() / "domains");
  gone("domains: domains/*.yaml\n", kNoFile);
}

TEST_CASE("FX20 yaml reader: where there were none, a reload may find none") {
  Folder folder;
  const auto file =
      folder.write("weir.yaml", std::string(tests::kListener) + "domains: domains/*.yaml\n");
  const auto first = read_files(file);
  CHECK(first.ok());
  CHECK(first.document.unmatched == std::vector<std::string>{"domains/*.yaml"});
  const auto second = Reader(file).read_again(first.document);
  CHECK(second.ok());
  CHECK(second.problems.size() == 1);
  folder.write("domains/a.yaml", "domain: a.test\norigin: { builtin: echo }\n");
  const auto third = Reader(file).read_again(second.document);
  CHECK(third.problems.empty());
  CHECK(third.document.unmatched.empty());
}

TEST_CASE("yaml reader: a node file that cannot be read is one problem") {
  Folder folder;
  CHECK(texts(read_files((folder.path() / "none.yaml").string())).size() == 1);
  auto found = texts(read_files(folder.path().string()));
  REQUIRE(found.size() == 1);
  CHECK(contains(found[0], "not a regular file"));
  CHECK(contains(texts(read_files("/dev/zero")).at(0), "not a regular file"));
  auto large = folder.write("large.yaml", std::string(9 * 1024 * 1024, '#'));
  CHECK(contains(texts(read_files(large)).at(0), "larger than 8 MiB"));
}

TEST_CASE("yaml reader: an empty file says what is missing") {
  auto found = tests::problems_of("");
  REQUIRE(found.size() == 1);
  CHECK(contains(found[0], "listeners: is missing"));
}

TEST_CASE("yaml reader: a text held in memory names no other files") {
  auto found =
      tests::problem_with(std::string(tests::kListener) + "domains: a/*.yaml\n", "domains");
  CHECK(contains(found, "t.yaml:2:10: domains: no files can be named here"));
}

TEST_CASE("yaml reader: relative paths start at the folder of the file they stand in") {
  Folder folder;
  folder.write(
      "domains/a.yaml",
      std::string(kEcho) + "tls: { certificate: file:certs/a.pem, key: file:/abs/a.key }\n");
  auto node =
      folder.write("weir.yaml", std::string(tests::kListener) + "domains: domains/a.yaml\n");
  Reading reading = read_files(node);
  REQUIRE(reading.ok());
  REQUIRE(reading.document.domains[0].tls.has_value());
  CHECK(reading.document.domains[0].tls->certificate ==
        (folder.path() / "domains/certs/a.pem").string());
  CHECK(reading.document.domains[0].tls->key == "/abs/a.key");
}

TEST_CASE("yaml reader: the key may come from the environment, and no message repeats it") {
  auto yaml = [](const char* value) {
    return tests::with_domain("origin: { builtin: echo }\ntls: { certificate: file:/a, key: \"" +
                              std::string(value) + "\" }");
  };
  setenv("WEIR_TEST_KEY", "/run/secrets/key", 1);
  CHECK(read_text(yaml("${WEIR_TEST_KEY}"), "t").document.domains[0].tls->key ==
        "/run/secrets/key");
  setenv("WEIR_TEST_KEY", "file:/other", 1);
  CHECK(read_text(yaml("${WEIR_TEST_KEY}"), "t").document.domains[0].tls->key == "/other");
  setenv("WEIR_TEST_KEY", "-----BEGIN PRIVATE KEY-----\nsecret", 1);
  auto found = tests::problems_of(yaml("${WEIR_TEST_KEY}"));
  REQUIRE(found.size() == 1);
  CHECK(contains(found[0], "must hold the path of a file"));
  CHECK_FALSE(contains(found[0], "BEGIN"));
  unsetenv("WEIR_TEST_KEY");
  CHECK(contains(tests::problem_with(yaml("${WEIR_TEST_KEY}"), "tls.key"),
                 "environment variable \"WEIR_TEST_KEY\" is not set"));
  found = tests::problems_of(yaml("hunter2"));
  REQUIRE(found.size() == 1);
  CHECK(contains(found[0], "write file:/path or ${NAME}"));
  CHECK_FALSE(contains(found[0], "hunter2"));
}

TEST_CASE("yaml reader: defaults are inherited key by key") {
  Reading reading = read_text(R"(
listeners: [{ name: web, ports: [1] }]
domains:
  - domain: a.test
    websocket: { connection_timeout: 90s, keepalive: { interval: off } }
    origin: { servers: [{ address: "10.0.0.9" }], host_header: client }
  - domain: b.test
    access: { origins: same_host }
defaults:
  websocket: { enabled: true, close_timeout: 5s, keepalive: { interval: 20s, timeout: 3s } }
  origin: { host_header: origin, servers: [{ address: "10.0.0.1:81" }], ports: { http: 8000 } }
  access: { origins: ["https://app.test"] }
)",
                              "t.yaml");
  REQUIRE(texts(reading) == std::vector<std::string>{});
  const Domain& a = reading.document.domains[0];
  CHECK(a.websocket.enabled);
  CHECK(a.websocket.connection_timeout == seconds{90});
  CHECK(a.websocket.close_timeout == seconds{5});
  CHECK_FALSE(a.websocket.keepalive.interval.has_value());
  CHECK(a.websocket.keepalive.timeout == seconds{3});
  REQUIRE(a.origin.servers.size() == 1);
  CHECK(a.origin.servers[0].host == "10.0.0.9");
  CHECK(a.origin.host_header == Origin::Host::client);
  CHECK(a.origin.http_ports == std::vector<uint16_t>{8000});
  CHECK(a.access.origins == Access::Origins::listed);
  const Domain& b = reading.document.domains[1];
  CHECK(b.websocket.connection_timeout == seconds{60});
  CHECK(b.websocket.keepalive.interval == seconds{20});
  CHECK(b.origin.host_header == Origin::Host::origin);
  CHECK(b.origin.servers[0].port == 81);
  CHECK(b.access.origins == Access::Origins::same_host);
  CHECK(b.access.listed.empty());
}

TEST_CASE("yaml reader: a mistake in defaults is reported once, at its place") {
  auto found = tests::problems_of(std::string(tests::kListener) +
                                  "defaults: { websocket: { connection_timeout: 0 }, limits: {} }\n"
                                  "domains: [{ domain: a }, { domain: b }]\n");
  REQUIRE(found.size() == 2);
  CHECK(contains(found[0],
                 "t.yaml:2:46: defaults.websocket.connection_timeout: \"0\" is out of range; "
                 "allowed is 1s to 30d"));
  CHECK(contains(found[1], "unknown key \"limits\""));
}
