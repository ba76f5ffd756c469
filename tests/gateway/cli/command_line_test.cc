#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/admin/server.h"
#include "gateway/server/server.h"
#include "tests/gateway/cli/command.h"

using namespace tests;

namespace {

// A running Weir as `weir reload` sees it: the control socket of that state_dir.
class Running final : public gateway::admin::Source {
 public:
  Running(const std::string& state_dir, Reloaded answer) : answer_(std::move(answer)) {
    auto opened = gateway::server::StateDir::open(state_dir);
    REQUIRE(opened.has_value());
    auto socket = opened->open_control_socket();
    REQUIRE(socket.has_value());
    server_ = std::make_unique<gateway::admin::Server>(loop_, *this, gateway::admin::Trust::control,
                                                       std::move(*socket));
    thread_ = std::thread([this] { loop_.run(); });
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    loop_.stop();
    thread_.join();
  }

 private:
  void metrics(MetricsDone done) override { done({}); }
  bool ready() const override { return true; }
  std::string not_ready_reason() const override { return {}; }
  void reload(ReloadDone done) override { done(answer_); }

  Reloaded answer_;
  gateway::net::Loop loop_;
  std::unique_ptr<gateway::admin::Server> server_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("command line: version, in our form and in nginx's") {
  const Done plain = weir({"version"});
  CHECK(plain.code == 0);
  CHECK(plain.out.starts_with("weir 0."));
  CHECK(plain.err.empty());
  for (const char* word : {"-v", "--version"}) CHECK(weir({word}).out == plain.out);
  const Done verbose = weir({"version", "--verbose"});
  CHECK(verbose.out.starts_with(plain.out));
  CHECK(verbose.out.find("libuv ") != std::string::npos);
  CHECK(verbose.out.find("OpenSSL ") != std::string::npos);
  CHECK(weir({"-V"}).out == verbose.out);
}

TEST_CASE("command line: --help is on standard output and exits 0") {
  const Done help = weir({"--help"});
  CHECK(help.code == 0);
  CHECK(help.err.empty());
  for (const char* word :
       {"run", "check", "reload", "version", "usage", "bill", "Exit codes", "Signals"}) {
    CAPTURE(word);
    CHECK(help.out.find(word) != std::string::npos);
  }
  const Done check = weir({"check", "--help"});
  CHECK(check.code == 0);
  CHECK(check.out.find("--strict") != std::string::npos);
}

TEST_CASE("command line: what is wrong with it is said under our name, once, with exit code 2") {
  const std::vector<std::vector<std::string>> wrong = {
      {"--nonsense"}, {"check", "--nonsense"}, {"nonsense"}, {"run", "check"}, {"run", "-c"}};
  for (const auto& words : wrong) {
    CAPTURE(words[0]);
    const Done done = weir(words);
    CHECK(done.code == 2);
    CHECK(done.out.empty());
    CHECK(done.err.starts_with("weir: "));
    CHECK(done.err.find("weir --help lists the commands") != std::string::npos);
    CHECK(done.err.find("weir: ", 6) == std::string::npos);
  }
  const Done nothing = weir({});
  CHECK(nothing.code == 2);
  CHECK(nothing.err.starts_with("weir: what is to be done?"));
}

TEST_CASE("command line: -c alone means run, and an error in the file starts nothing") {
  const Folder folder;
  const std::string bad = folder.write("weir.yaml", "listners: []\n");
  for (const auto& words : {std::vector<std::string>{"-c", bad}, {"run", "-c", bad}}) {
    const Done done = weir(words);
    CHECK(done.code == gateway::server::kExitConfiguration);
    CHECK(done.err.find(bad + ":1:1: ") != std::string::npos);
    CHECK(done.err.ends_with("weir: the configuration has errors, nothing was started\n"));
  }
}

TEST_CASE("reload: the words of the running process, and its verdict as the exit code") {
  const Folder folder;
  const std::string config = write_config(folder);
  {
    const Running running(folder.file("state"),
                          {.done = true, .text = "generation 2 is in force\n"});
    const Done done = weir({"reload", "-c", config});
    CHECK(done.code == 0);
    CHECK(done.out == "reloaded: generation 2 is in force\n");
    CHECK(done.err.empty());
  }
  const Running running(folder.file("state"), {.done = false, .text = "weir.yaml:1:1: wrong\n"});
  const Done done = weir({"reload", "-c", config});
  CHECK(done.code == 2);
  CHECK(done.out.empty());
  CHECK(done.err ==
        "weir.yaml:1:1: wrong\nnot reloaded: the configuration in force is unchanged\n");
}

TEST_CASE("reload: nobody answers there") {
  const Folder folder;
  const std::string config = write_config(folder);
  const Done done = weir({"reload", "-c", config});
  CHECK(done.code == 1);
  CHECK(done.err.starts_with("weir: no running Weir answers at " + folder.file("state") +
                             "/control.sock (No such file or directory); state_dir in " + config));
}

TEST_CASE("reload: a state_dir whose socket cannot be is told so") {
  const Folder folder;
  const std::string config = write_config(folder, std::string(120, 's'));
  const Done done = weir({"reload", "-c", config});
  CHECK(done.code == 1);
  CHECK(done.err.find("(File name too long)") != std::string::npos);
}

TEST_CASE(
    "reload: a file that cannot be read is the problem, not the state_dir that it would name") {
  const Folder folder;
  const Done done = weir({"reload", "-c", folder.file("none.yaml")});
  CHECK(done.code == 2);
  CHECK(done.err.starts_with(folder.file("none.yaml")));
  CHECK(done.err.find("/var/lib/weir") == std::string::npos);
}
