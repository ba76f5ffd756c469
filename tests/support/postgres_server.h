// Debian's PostgreSQL on a folder and a Unix socket of its own, gone with the test.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <libpq-fe.h>
#include <memory>
#include <pwd.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "tests/support/patience.h"

namespace tests {

// PostgreSQL refuses to be run by root, so it runs as `postgres` or `nobody` then. No TCP port is
// opened, and nothing is synchronised to the disk. The role `weir` is a superuser without a
// password; any other role needs one.
class PostgresServer {
 public:
  PostgresServer() {
    folder_ = std::filesystem::temp_directory_path() / "weir-postgres-XXXXXX";
    std::string pattern = folder_.string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    give_to_user();
    run_to_end({program("initdb"), "-D", data(), "-U", "weir", "-A", "trust", "-E", "UTF8",
                "--locale=C", "--no-sync"});
    std::ofstream(data() + "/pg_hba.conf") << "local all weir trust\nlocal all all scram-sha-256\n";
    start();
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer() {
    if (process_ > 0) stop();
    std::filesystem::remove_all(folder_);
  }

  // One for all tests of a binary; each takes a database of its own.
  static PostgresServer& shared() {
    static PostgresServer server;
    return server;
  }

  std::string folder() const { return folder_.string(); }
  std::string url(const std::string& database, const std::string& role = "weir") const {
    return "host=" + folder() + " dbname=" + database + " user=" + role;
  }
  std::string new_database() {
    const std::string name = "test" + std::to_string(++databases_);
    execute("postgres", "CREATE DATABASE " + name);
    return name;
  }

  // The first cell of the answer; throws what the server says.
  std::string execute(const std::string& database, const std::string& statements) const {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(
        PQconnectdb((url(database) + " application_name=test").c_str()), PQfinish);
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(
        PQexec(connection.get(), statements.c_str()), PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      throw std::runtime_error(PQerrorMessage(connection.get()));
    }
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
  }

  void start() {
    process_ = spawn({program("postgres"), "-D", data(), "-k", folder(), "-c",
                      "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c",
                      "max_connections=40", "-c", "logging_collector=on", "-c",
                      "log_directory=" + folder(), "-c", "log_filename=log"});
    const auto until = std::chrono::steady_clock::now() + patience();
    while (PQping(url("postgres").c_str()) != PQPING_OK) {
      if (std::chrono::steady_clock::now() > until || ::waitpid(process_, nullptr, WNOHANG) != 0) {
        throw std::runtime_error("PostgreSQL does not start; see " + folder());
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
  }
  // Ends its connections at once.
  void stop() {
    resume();
    ::kill(process_, SIGINT);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }
  // The kernel still takes connections; nobody answers on them.
  void pause() const { signal_all(SIGSTOP); }
  void resume() const { signal_all(SIGCONT); }

 private:
  static std::string program(const std::string& name) {
    const std::filesystem::path root = "/usr/lib/postgresql";
    if (std::filesystem::is_directory(root)) {
      for (const auto& version : std::filesystem::directory_iterator(root)) {
        const auto path = version.path() / "bin" / name;
        if (std::filesystem::exists(path)) return path.string();
      }
    }
    throw std::runtime_error("no " + name + " below " + root.string() +
                             ": install the package postgresql");
  }

  static std::string user() {
    if (::geteuid() != 0) return {};
    return ::getpwnam("postgres") != nullptr ? "postgres" : "nobody";
  }

  void give_to_user() const {
    if (user().empty()) return;
    const passwd* entry = ::getpwnam(user().c_str());
    if (::chown(folder_.c_str(), entry->pw_uid, entry->pw_gid) != 0) {
      throw std::runtime_error("the folder cannot be given to " + user());
    }
  }

  std::string data() const { return (folder_ / "data").string(); }

  pid_t spawn(const std::vector<std::string>& command) const {
    std::vector<std::string> words{"setpriv", "--pdeathsig=KILL"};
    if (!user().empty()) {
      const auto group = std::to_string(::getpwnam(user().c_str())->pw_gid);
      for (const auto& word : {"--reuid=" + user(), "--regid=" + group}) words.push_back(word);
      words.emplace_back("--clear-groups");
    }
    words.insert(words.end(), command.begin(), command.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files{};
    ::posix_spawn_file_actions_init(&files);
    const std::string output = (folder_ / "output").string();
    for (const int descriptor : {1, 2}) {
      ::posix_spawn_file_actions_addopen(&files, descriptor, output.c_str(),
                                         O_WRONLY | O_CREAT | O_APPEND, 0644);
    }
    pid_t child = -1;
    const int error =
        ::posix_spawnp(&child, "setpriv", &files, nullptr, arguments.data(), ::environ);
    ::posix_spawn_file_actions_destroy(&files);
    if (error != 0) throw std::runtime_error("setpriv does not start");
    return child;
  }

  void run_to_end(const std::vector<std::string>& command) const {
    int status = 0;
    ::waitpid(spawn(command), &status, 0);
    if (status == 0) return;
    std::ifstream output(folder_ / "output");
    throw std::runtime_error(command.front() + ": " +
                             std::string(std::istreambuf_iterator<char>(output), {}));
  }

  // Its sessions are processes of their own, in groups of their own.
  void signal_all(int number) const {
    ::kill(process_, number);
    const std::string id = std::to_string(process_);
    std::ifstream list("/proc/" + id + "/task/" + id + "/children");
    for (pid_t child = 0; list >> child;) ::kill(child, number);
  }

  std::filesystem::path folder_;
  pid_t process_ = -1;
  int databases_ = 0;
};

}  // namespace tests
