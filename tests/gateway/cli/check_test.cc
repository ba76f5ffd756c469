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

TEST_CASE("FY29 check: the address of a database is judged as a connection does, and not shown") {
  const Folder folder;
  const auto checked = [&folder](const std::string& url) {
    const std::string config = folder.write(
        "weir.yaml", "node: n\nstate_dir: " + folder.file("state") +
                         "\nlisteners: [{ name: web, ports: [0] }]\nusage: { postgres: { url: \"" +
                         url + "\" } }\ndomains:\n" + std::string(kEchoDomain));
    return weir({"check", "-c", config, "--print"});
  };
  for (const char* url :
       {"postgresql://u:x@sEc@host/db", "postgresql://u:12/sEc@host/db", "postgresql//u:sEc@h?a=b",
        "postgresql:/u:sEc=rEt@host/db", "host=h password=a sEc", "postgresql://u:sEc.h/db",
        "postgresql://u:p@h/db?sslmode=sEc"}) {
    CAPTURE(url);
    const Done done = checked(url);
    CHECK(done.code == 2);
    CHECK(done.out.empty());
    CHECK(done.err.find("usage.postgres.url") != std::string::npos);
    CHECK(done.err.find("sEc") == std::string::npos);
  }
  for (const char* url : {"postgresql://u@h/db?password=sEc@rEt", "postgresql://usEcrEt@h:5432/db",
                          "postgresql://u:sEc?rEt@h/db", "host=h password='sEc rEt' dbname=db",
                          "postgresql://h:5432/db?user=u&password=sEc@rEt:x"}) {
    CAPTURE(url);
    const Done done = checked(url);
    CHECK(done.code == 0);
    CHECK(done.out.find("url:") != std::string::npos);
    for (const char* piece : {"sEc", "rEt"}) {
      CHECK(done.out.find(piece) == std::string::npos);
      CHECK(done.err.find(piece) == std::string::npos);
    }
  }
}

TEST_CASE("FY20 check: errors come behind all warnings, before their number") {
  const Folder folder;
  std::string domains;
  for (int i = 0; i < 30; ++i) {
    domains += "  - domain: d" + std::to_string(i) +
               ".example.com\n    websocket: { enabled: true, client_timeout: 90s }\n"
               "    origin: { builtin: echo }\n";
    if (i == 3) domains += "    http2: true\n";
  }
  const std::string config = write_config(folder, "state", domains);
  const Done done = weir({"check", "-c", config});
  CHECK(done.code == 2);
  const size_t error = done.err.find("http2: domain d3.example.com");
  REQUIRE(error != std::string::npos);
  CHECK(done.err.rfind("W_TIMEOUT_ORDER") < error);
  CHECK(done.err.ends_with(config + ": 1 error, 30 warnings\n"));
}

TEST_CASE("FY20 check: a certificate that cannot be read points at its key, in its file") {
  const Folder folder;
  const std::string own =
      folder.write("d.yaml",
                   "domain: chat.example.com\norigin: { builtin: echo }\n\ntls:\n"
                   "  certificate: file:none.pem\n  key: file:none.key\n");
  const std::string config =
      folder.write("weir.yaml", "listeners: [{ name: web, ports: [8080] }]\ndomains: d.yaml\n");
  const Done done = weir({"check", "-c", config});
  CHECK(done.code == 2);
  CHECK(done.err.starts_with(own + ":5:3: tls.certificate: domain chat.example.com: certificate " +
                             folder.file("none.pem") + " cannot be read by user "));
}
