#include <filesystem>
#include <iostream>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>
#include <openssl/crypto.h>
#include <uv.h>

#include "gateway/cli/commands.h"
#include "gateway/server/server.h"
#include "gateway/server/version.h"

namespace gateway::cli {

namespace {

constexpr const char* kDefaultConfig = "/etc/weir/weir.yaml";

constexpr const char* kFooter = R"(
Signals of a running Weir:
  HUP              reload the configuration; a bad one changes nothing
  USR1             reopen the access log after a rotation
  TERM, INT, QUIT  drain: accept nothing new, end the open sessions with 1012 within drain.timeout;
                   a second one ends at once

Exit codes: 0 done, 1 it could not be done, 2 the configuration or the command line has errors.

First steps:
  weir check -c weir.yaml      is it right? every problem with file, line and what is allowed
  weir run -c weir.yaml        its own log is on standard error, a line of JSON for each session
                               on standard output
  curl http://127.0.0.1:9180/metrics
  weir reload -c weir.yaml     after a change; open sessions are not touched

The two files explain themselves in the examples: conf/ in the sources, /etc/weir when installed.)";

// nginx's short forms become ours before they are parsed: -t, -T and -V.
std::vector<std::string> translate(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  std::vector<std::string> out;
  std::vector<std::string> rest;
  for (const std::string& word : words) {
    if (word == "-t") {
      out = {"check"};
    } else if (word == "-T") {
      out = {"check", "--print"};
    } else if (word == "-V") {
      out = {"version", "--verbose"};
    } else if (word == "-v" || word == "--version") {
      out = {"version"};
    } else {
      rest.push_back(word);
    }
  }
  out.insert(out.end(), rest.begin(), rest.end());
  // As nginx does it: options alone mean "run".
  if (!out.empty() && out.front() == "-c") out.insert(out.begin(), "run");
  return {out.rbegin(), out.rend()};  // the order that CLI11 takes a vector in
}

std::string complaint(const CLI::App*, const CLI::Error& error) {
  return std::string("weir: ") + error.what() +
         "\nweir --help lists the commands, weir COMMAND --help what each takes.\n";
}

// Whoever names no file may not know that there has to be one.
bool has_file(const CLI::App& command) {
  std::error_code error;
  // A folder that we may not look into is told by whoever reads the file.
  if (command.count("-c") > 0 || std::filesystem::exists(kDefaultConfig, error) || error)
    return true;
  std::cerr << "weir: there is no " << kDefaultConfig << "; name your node file with -c FILE\n";
  return false;
}

}  // namespace

int run(const std::string& config) { return server::Server(config).run(); }

int version(bool verbose) {
  std::cout << "weir " << server::version() << " (" << server::commit() << ")\n";
  if (verbose) {
    std::cout << "built with g++ " << __VERSION__ << "\n"
              << "libuv " << uv_version_string() << "\n"
              << OpenSSL_version(OPENSSL_VERSION) << "\n";
  }
  return server::kExitOk;
}

int main(int argc, char** argv) {
  CLI::App app{
      "Weir: a WebSocket edge gateway. Holds streams, says why each one ended, counts them to the "
      "byte.",
      "weir"};
  app.require_subcommand(0, 1);
  app.failure_message(complaint);
  std::string config = kDefaultConfig;
  CheckOptions options;
  bool verbose = false;
  const auto takes_config = [&config](CLI::App* command) {
    command->add_option("-c,--config", config, "the node's file, weir.yaml")->capture_default_str();
    return command;
  };
  CLI::App* run_command = takes_config(
      app.add_subcommand("run", "serve, in the foreground (short form: weir -c FILE)"));
  CLI::App* check_command = takes_config(app.add_subcommand(
      "check", "read and check the configuration, certificates too (short form: -t)"));
  check_command->add_flag("--strict", options.strict, "warnings are errors");
  check_command->add_flag("--print", options.print,
                          "print the effective configuration, defaults filled in (short form: -T)");
  CLI::App* reload_command =
      takes_config(app.add_subcommand("reload", "have the running Weir read its files again"));
  CLI::App* version_command =
      app.add_subcommand("version", "what this build is (short forms: -v, -V)");
  version_command->add_flag("--verbose", verbose, "with its libraries");
  app.footer(kFooter);  // last, because a command inherits it when it is added

  try {
    app.parse(translate(argc, argv));
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? server::kExitOk : server::kExitConfiguration;
  }
  if (version_command->parsed()) return version(verbose);
  for (const CLI::App* command : app.get_subcommands()) {
    if (!has_file(*command)) return server::kExitConfiguration;
  }
  if (run_command->parsed()) return run(config);
  if (check_command->parsed()) return check(config, options);
  if (reload_command->parsed()) return reload(config);
  std::cerr << "weir: what is to be done? run, check, reload or version; see weir --help\n";
  return server::kExitConfiguration;
}

}  // namespace gateway::cli
