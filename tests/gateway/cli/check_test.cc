#include <string>

#include <doctest/doctest.h>

#include "gateway/config/yaml_reader.h"
#include "tests/gateway/cli/command.h"

using namespace tests;

namespace {

// A warning and no error: A, B and C are in the wrong order.
const std::string kWarns =
    "  - domain: chat.example.com\n    websocket: { enabled: true, connection_timeout: 60s, "
    "client_timeout: 90s }\n    origin: { builtin: echo }\n";

}  // namespace

TEST_CASE("check: a good file is one line on standard output, exit 0") {
  const Folder folder;
  const std::string config = write_config(folder);
  const Done done = weir({"check", "-c", config});
  CHECK(done.code == 0);
  CHECK(done.out == config + ": ok, 1 domain, 0 warnings\n");
  CHECK(done.err.empty());
  for (const auto& words : {std::vector<std::string>{"-t", "-c", config}, {"-c", config, "-t"}}) {
    CHECK(weir(words).out == done.out);
  }
}

TEST_CASE("check: every problem on standard error, then how many, exit 2") {
  const Folder folder;
  const std::string config = write_config(
      folder, "state",
      "  - domain: chat.example.com\n    websocket: { enabled: maybe }\n    orgin: {}\n");
  for (const char* word : {"check", "-t", "-T"}) {
    CAPTURE(word);
    const Done done = weir({word, "-c", config});
    CHECK(done.code == 2);
    CHECK(done.out.empty());
    CHECK(done.err.find(config + ":6:") != std::string::npos);
    CHECK(done.err.find(config + ":7:") != std::string::npos);
    CHECK(done.err.find(" errors, 0 warnings\n") != std::string::npos);
  }
}

TEST_CASE("check: a file that is not there") {
  const Folder folder;
  const Done done = weir({"check", "-c", folder.file("none.yaml")});
  CHECK(done.code == 2);
  CHECK(done.err.starts_with(folder.file("none.yaml")));
}

TEST_CASE("check: a warning fails with --strict alone") {
  const Folder folder;
  const std::string config = write_config(folder, "state", kWarns);
  const Done done = weir({"check", "-c", config});
  CHECK(done.code == 0);
  CHECK(done.out == config + ": ok, 1 domain, 1 warning\n");
  CHECK(done.err.find("W_TIMEOUT_ORDER") != std::string::npos);
  const Done strict = weir({"check", "--strict", "-c", config});
  CHECK(strict.code == 2);
  CHECK(strict.out.empty());
  CHECK(strict.err.ends_with(config + ": 0 errors, 1 warning\n"));
}

TEST_CASE("check: --print is the effective configuration, which reads as the same") {
  const Folder folder;
  const std::string config = write_config(folder);
  for (const auto& words :
       {std::vector<std::string>{"check", "--print", "-c", config}, {"-T", "-c", config}}) {
    const Done done = weir(words);
    CHECK(done.code == 0);
    CHECK(done.err.empty());
    CHECK(done.out.find("connection_timeout: ") != std::string::npos);
    const auto again = gateway::config::read_text(done.out, "printed.yaml");
    CHECK(again.ok());
    CHECK(again.document.domains == gateway::config::read_files(config).document.domains);
  }
}

TEST_CASE("check: certificates are read as a start would read them") {
  const Folder folder;
  const std::string config = write_config(
      folder, "state",
      std::string(kEchoDomain) + "    tls: { certificate: \"file:" + folder.file("a.pem") +
          "\", key: \"file:" + folder.file("a.key") + "\" }\n");
  const Done done = weir({"check", "-c", config});
  CHECK(done.code == 2);
  CHECK(done.err.find(folder.file("a.pem")) != std::string::npos);
  CHECK(done.err.ends_with(config + ": 1 error, 0 warnings\n"));
}
