#include "gateway/server/state_dir.h"

#include <array>
#include <filesystem>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/support/folder.h"

using namespace tests;
using gateway::server::control_socket_path;
using gateway::server::StateDir;

namespace {

// Another process that has taken the folder; it lets go when this is destroyed.
class OtherProcess {
 public:
  explicit OtherProcess(const std::string& path) {
    std::array<int, 2> ready{};
    std::array<int, 2> release{};
    REQUIRE(::pipe(ready.data()) == 0);
    REQUIRE(::pipe(release.data()) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(release[1]);
      const auto taken = StateDir::open(path);
      char byte = taken ? '+' : '-';
      const bool told = ::write(ready[1], &byte, 1) == 1;
      // Until the test closes its end.
      ::_exit(told && ::read(release[0], &byte, 1) == 0 ? 0 : 1);
    }
    ::close(release[0]);
    ::close(ready[1]);
    release_ = gateway::net::UniqueFd(release[1]);
    const gateway::net::UniqueFd hears(ready[0]);
    char byte = 0;
    REQUIRE(::read(hears.get(), &byte, 1) == 1);
    CHECK(byte == '+');
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;
  ~OtherProcess() {
    release_.reset();
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  gateway::net::UniqueFd release_;
};

bool connects(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const gateway::net::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

TEST_CASE("state dir: is made with its parents and holds our pid") {
  const Folder folder;
  const auto opened = StateDir::open(folder.file("a/b"));
  REQUIRE(opened.has_value());
  CHECK(folder.read("a/b/weir.lock") == std::to_string(::getpid()));
}

TEST_CASE("state dir: another process is refused and told the pid of the first") {
  const Folder folder;
  const std::string path = folder.file("state");
  {
    const OtherProcess other(path);
    const auto second = StateDir::open(path);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error() == "state_dir " + path + " is in use by another Weir, pid " +
                                std::to_string(other.pid()) +
                                ": stop it, or give this one a state_dir of its own");
  }
  // The lock goes with its process, also when that had no time to tidy up.
  CHECK(StateDir::open(path).has_value());
}

TEST_CASE("state dir: a longer pid of before leaves nothing behind") {
  const Folder folder;
  folder.write("weir.lock", std::string(20, '9'));
  const auto opened = StateDir::open(folder.path());
  REQUIRE(opened.has_value());
  CHECK(folder.read("weir.lock") == std::to_string(::getpid()));
}

TEST_CASE("state dir: what cannot be a folder is told with the next step") {
  const Folder folder;
  const std::string file = folder.write("file", "");
  const auto below = StateDir::open(file + "/state");
  REQUIRE_FALSE(below.has_value());
  CHECK(below.error().starts_with("state_dir " + file + "/state cannot be made: "));
  CHECK(below.error().find("or set state_dir to a folder of its own") != std::string::npos);
  CHECK_FALSE(StateDir::open(file).has_value());
}

TEST_CASE("control socket: listens, for its own user alone, in place of a dead one") {
  const Folder folder;
  const std::string path = control_socket_path(folder.path());
  const auto opened = StateDir::open(folder.path());
  REQUIRE(opened.has_value());
  {
    const auto first = opened->open_control_socket();
    REQUIRE(first.has_value());
    CHECK(connects(path));
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  CHECK(std::filesystem::exists(path));
  CHECK_FALSE(connects(path));
  const auto second = opened->open_control_socket();
  REQUIRE(second.has_value());
  CHECK(connects(path));
}

TEST_CASE("control socket: a path that is too long for one is told, and how long it may be") {
  const Folder folder;
  const auto opened = StateDir::open(folder.file(std::string(120, 'd')));
  REQUIRE(opened.has_value());
  const auto socket = opened->open_control_socket();
  REQUIRE_FALSE(socket.has_value());
  CHECK(socket.error().ends_with("is longer than 107 bytes: choose a shorter state_dir"));
}

TEST_CASE("FY30 state_dir: what Weir makes there is never a link to something else") {
  for (const char* name : {"weir.lock", "control.sock", "meters", "usage.db", "usage.db-wal",
                           "usage.db-shm", "usage.db-journal"}) {
    CAPTURE(name);
    const Folder folder;
    const std::string victim = folder.write("victim", "precious");
    std::filesystem::create_directory(folder.file("state"));
    std::filesystem::create_symlink(victim, folder.file("state") + "/" + name);
    const auto opened = StateDir::open(folder.file("state"));
    REQUIRE_FALSE(opened);
    CHECK(opened.error().starts_with(folder.file("state") + "/" + name + " is a symbolic link"));
    CHECK(folder.read("victim") == "precious");
  }
}

TEST_CASE("FY30 state_dir: a state_dir that is itself reached by a link is one") {
  const Folder folder;
  std::filesystem::create_directory(folder.file("real"));
  std::filesystem::create_symlink(folder.file("real"), folder.file("state"));
  CHECK(StateDir::open(folder.file("state")));
}
