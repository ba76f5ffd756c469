#include "gateway/config/path_check.h"

#include <filesystem>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "gateway/config/yaml_reader.h"
#include "tests/gateway/config/reading.h"
#include "tests/support/folder.h"

using gateway::config::read_files;
using tests::contains;
using tests::Folder;
namespace fs = std::filesystem;

namespace {

// A node and a domain in a file of its own, with a certificate beside it; `path` is the access
// log's.
std::string problems_with(const Folder& folder, const std::string& path) {
  fs::create_directories(folder.file("domains"));
  fs::create_directories(folder.file("state/meters"));
  folder.write("weir.yaml",
               "listeners: [{ name: web, ports: [8080] }]\nstate_dir: state\n"
               "log: { access: { path: \"" +
                   path + "\" } }\ndomains: domains/*.yaml\n");
  folder.write("domains/a.yaml",
               "domain: a.test\norigin: { builtin: echo }\n"
               "tls: { certificate: \"file:a.pem\", key: \"file:a.key\" }\n");
  folder.write("domains/a.pem", "");
  folder.write("domains/a.key", "");
  std::string all;
  for (const auto& problem : read_files(folder.file("weir.yaml")).problems)
    all += to_string(problem) + "\n";
  return all;
}

}  // namespace

TEST_CASE(
    "FY30 paths: an access log that leads to what is somebody else's is refused, whatever it is "
    "called") {
  const Folder folder;
  fs::create_directories(folder.file("state"));
  folder.write("state/usage.db", "");
  folder.write("state/weir.lock", "");
  fs::create_symlink(folder.file("state/usage.db"), folder.file("link"));
  fs::create_hard_link(folder.file("state/usage.db"), folder.file("hard"));
  fs::create_symlink(folder.file("state"), folder.file("other"));
  struct Row {
    std::string path;
    const char* says;
  };
  for (const Row& row :
       {Row{"state/usage.db", "is state_dir's own "},
        Row{"state/../state/usage.db", "is state_dir's own "},
        Row{"state/usage.db-wal", "is state_dir's own "},  // not there yet
        Row{"other/usage.db-shm", "is state_dir's own "}, Row{"link", "is state_dir's own "},
        Row{"hard", "is state_dir's own "}, Row{"state/weir.lock", "is state_dir's own "},
        Row{"state/control.sock", "is state_dir's own "},
        Row{"state/meters/x", "is in the folder of state_dir's meters"},
        Row{"weir.yaml", "is the configuration file "},
        Row{"domains/a.yaml", "is the configuration file "},
        Row{"domains/a.pem", "names as a certificate, key or secret"},
        Row{"domains/a.key", "names as a certificate, key or secret"},
        Row{".", "is a folder: name a file in it"}, Row{"state", "is a folder: name a file in it"},
        Row{"/dev/zero", "is a device: name a file, a FIFO or a terminal"}}) {
    CAPTURE(row.path);
    const std::string found = problems_with(folder, row.path);
    CAPTURE(found);
    CHECK(contains(found, row.says));
    CHECK(contains(found, "weir.yaml:3:"));
    CHECK(contains(found, ": log.access.path: \"/"));
  }
}

TEST_CASE("FY30 paths: an access log that is a socket is refused") {
  const Folder folder;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  folder.file("s").copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(contains(problems_with(folder, "s"), "is a socket: name a file or a FIFO"));
  ::close(fd);
}

TEST_CASE("FY30 paths: files, FIFOs, terminals and what is not there yet are access logs") {
  const Folder folder;
  REQUIRE(::mkfifo(folder.file("fifo").c_str(), 0600) == 0);
  folder.write("plain", "");
  for (const char* path :
       {"plain", "fifo", "new", "state/access.log", "/dev/tty", "/dev/stdout", "-", "off"}) {
    CAPTURE(path);
    CHECK(problems_with(folder, path).empty());
  }
}

TEST_CASE(
    "FX10 paths: state_dir and the access log start at the node file's folder, wherever the "
    "process does") {
  const Folder folder;
  problems_with(folder, "logs/access.log");
  const fs::path before = fs::current_path();
  for (const std::string& from : {std::string("/"), folder.path()}) {
    fs::current_path(from);
    for (const std::string& file :
         {folder.file("weir.yaml"), fs::relative(folder.file("weir.yaml")).string()}) {
      CAPTURE(file);
      const auto document = read_files(file).document;
      CHECK(document.state_dir == folder.file("state"));
      CHECK(document.log.access.path == folder.file("logs/access.log"));
    }
  }
  fs::current_path(before);
}
