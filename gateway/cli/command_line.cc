#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <memory>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>
#include <openssl/crypto.h>
#include <uv.h>

#include "gateway/cli/commands.h"
#include "gateway/server/server.h"
#include "gateway/server/signals.h"
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
  weir check --keys origin     what can be written below origin: values, defaults, meaning
  weir run -c weir.yaml        its own log is on standard error, a line of JSON for each session
                               on standard output
  curl http://127.0.0.1:9180/metrics
  weir reload -c weir.yaml     after a change; open sessions are not touched
  weir doctor -c weir.yaml --domain NAME      where a connection fails, and why
  weir usage -c weir.yaml      what each domain used in the last 24 hours

The two files explain themselves in the examples: conf/ in the sources, /etc/weir when installed.)";

// Without them the next file that is opened would be standard output to whoever writes there.
void open_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDWR));
  }
}

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

int run(const std::string& config) {
  std::string missing =
      server::descriptors_missing(server::descriptors_to_start(), server::raise_descriptor_limit());
  if (missing.empty()) missing = server::descriptors_refused();
  if (!missing.empty()) {
    std::cerr << "weir: cannot start: " << missing << '\n';
    return server::kExitRuntime;
  }
  std::unique_ptr<server::Server> server;
  try {
    server = std::make_unique<server::Server>(config);
  } catch (const std::exception& error) {
    std::cerr << server::cannot_start(error) << '\n';
    return server::kExitRuntime;
  }
  return server->run();
}

int version(bool verbose) {
  std::cout << "weir " << server::version() << " (" << server::commit() << ")\n";
  if (verbose) {
    std::cout << "built with g++ " << __VERSION__ << "\n"
              << "libuv " << uv_version_string() << "\n"
              << OpenSSL_version(OPENSSL_VERSION) << "\n";
  }
  return server::kExitOk;
}

namespace {

// The whole grammar, and what was said in it.
class CommandLine {
 public:
  CommandLine() {
    app_.require_subcommand(0, 1);
    app_.failure_message(complaint);
    add_serving();
    add_usage();
    add_bill();
    add_import();
    add_doctor();
    CLI::App* version_command =
        app_.add_subcommand("version", "what this build is (short forms: -v, -V)");
    version_command->add_flag("--verbose", verbose_, "with its libraries");
    app_.footer(kFooter);  // last, because a command inherits it when it is added
  }

  int parse_and_do(int argc, char** argv) {
    try {
      app_.parse(translate(argc, argv));
    } catch (const CLI::ParseError& error) {
      const int code = app_.exit(error);
      return code == 0 ? server::kExitOk : server::kExitConfiguration;
    }
    const auto commands = app_.get_subcommands();
    if (commands.empty()) {
      std::cerr
          << "weir: what is to be done? run, check, reload, doctor, usage, bill, import-tomcat "
             "or version; see weir --help\n";
      return server::kExitConfiguration;
    }
    return execute(*commands.front());
  }

 private:
  CLI::App* add(const char* name, const char* what) {
    CLI::App* command = app_.add_subcommand(name, what);
    command->add_option("-c,--config", config_, "the node's file, weir.yaml")
        ->capture_default_str();
    return command;
  }

  void add_serving() {
    add("run", "serve, in the foreground (short form: weir -c FILE)");
    CLI::App* check =
        add("check", "read and check the configuration, certificates too (short form: -t)");
    check->add_flag("--strict", check_.strict, "warnings are errors");
    check->add_flag("--print", check_.print,
                    "print the effective configuration, defaults filled in (short form: -T)");
    keys_ = check
                ->add_option("--keys", key_path_,
                             "print what can be written for PATH and below it, such as "
                             "websocket.keepalive, or for every key; needs no file")
                ->type_name("PATH")
                ->expected(0, 1);
    add("reload", "have the running Weir read its files again");
  }

  void add_usage() {
    CLI::App* command = add("usage", "what domains have used: traffic, peaks, sessions, codes");
    add_source(command, usage_.source);
    command->add_option("--domain", usage_.domains, "this one; again for more of them")
        ->allow_extra_args(false);
    command->add_option("--from", usage_.from,
                        "2026-11-22, 2026-11-22T10:00, 2026-11-22T10:00+08:00 or @SECONDS; UTC "
                        "without a zone [a day before --to]");
    command->add_option("--to", usage_.to, "the end, in the same forms [now]");
    command->add_option("--interval", usage_.interval, "300, 3600 or 86400; 5m, 1h or 1d")
        ->capture_default_str();
    command->add_option("--format", usage_.format, "table, csv or json")->capture_default_str();
    command->add_flag("--merge", usage_.merge, "all domains as one");
    verify_ = command->add_subcommand(
        "verify",
        "whether meters, ledger and session records of a node (-c or --state-dir) agree; exit code "
        "1: they do not");
    verify_->fallthrough();
  }

  void add_bill() {
    CLI::App* command = add("bill", "what the usage of a period costs by a price file");
    add_source(command, bill_.source);
    command->add_option("--prices", bill_.prices, "the price file")->required();
    command->add_option("--domain", bill_.domains, "this one; again for more of them")
        ->allow_extra_args(false);
    command->add_option("--month", bill_.month, "2026-10; or --from and --to");
    command->add_option("--from", bill_.from, "the begin, as weir usage takes it");
    command->add_option("--to", bill_.to, "the end");
    command->add_option("--mode", bill_.mode,
                        "traffic, peak_bandwidth or p95 [as the domain is configured]");
    command->add_option("--format", bill_.format, "table, csv or json")->capture_default_str();
  }

  void add_import() {
    CLI::App* command = app_.add_subcommand(
        "import-tomcat", "the websocket: and origin: for what Tomcat's WebSocket client was told");
    command
        ->add_option("FILE", import_.file,
                     "Java properties, or lines of Java, XML or a shell with their names")
        ->required();
    command
        ->add_option("--secrets", import_.secrets,
                     "the folder for files of passwords; a relative one starts where the "
                     "file is that the output is put into")
        ->capture_default_str();
  }

  void add_doctor() {
    CLI::App* command = add("doctor", "why a WebSocket does not come to be: six steps, one cause");
    CLI::Option* domain = command->add_option("--domain", doctor_.domain,
                                              "the name that clients use, of the configuration");
    command
        ->add_option("--url", doctor_.url,
                     "wss://NAME/ws in its place, from any machine: steps 1, 2, 5 and 6")
        ->excludes(domain);
    path_ = command->add_option("--path", doctor_path_, "of the WebSocket [/]");
    socket_io_ = command
                     ->add_option("--socket-io", doctor_socket_io_,
                                  "that Socket.IO is spoken as well, and at which path")
                     ->type_name("PATH [/socket.io/]")
                     ->expected(0, 1);
    command->add_option("--address", doctor_.address, "where NAME is, in place of what DNS says");
    command->add_flag("--json", doctor_.json, "an object for each step");
  }

  void add_source(CLI::App* command, UsageSource& source) {
    command->add_option("--state-dir", source.state_dir,
                        "the folder of the ledger; needs no configuration");
    command
        ->add_option("--from-postgres", postgres_,
                     "a fleet's database [usage.postgres.url] in place of this node's ledger")
        ->type_name("URL")
        ->expected(0, 1);
  }

  int execute(const CLI::App& command) {
    const std::string& name = command.get_name();
    if (name != "run") server::Signals::release();
    if (name == "version") return version(verbose_);
    if (name == "import-tomcat") return import_tomcat(import_);
    if (name == "usage") return execute_usage(command);
    if (name == "bill") return execute_bill(command);
    if (name == "check" && keys_->count() > 0) return keys(key_path_);
    if (name == "doctor") return execute_doctor(command);
    if (!has_file(command)) return server::kExitConfiguration;
    if (name == "run") return run(config_);
    return name == "check" ? check(config_, check_) : reload(config_);
  }

  // False: a file is needed, and there is none. With a folder or a database there is nothing that a
  // configuration has to say.
  bool complete(const CLI::App& command, UsageSource& source) const {
    if (command.count("--from-postgres") > 0) source.from_postgres = postgres_;
    const bool enough = !source.state_dir.empty() || !postgres_.empty();
    if (enough && command.count("-c") == 0) return true;
    source.config = config_;
    return has_file(command);
  }

  int execute_usage(const CLI::App& command) {
    if (verify_->parsed()) return execute_verify(command);
    return complete(command, usage_.source) ? usage(usage_) : server::kExitConfiguration;
  }

  // A part of what is there cannot be verified, and a fleet's database has no meters.
  int execute_verify(const CLI::App& command) {
    for (const char* option :
         {"--domain", "--from", "--to", "--interval", "--format", "--merge", "--from-postgres"}) {
      if (command.count(option) == 0) continue;
      std::cerr << "weir: usage verify takes no " << option
                << ": it compares all that one node has, of -c FILE or --state-dir FOLDER\n";
      return server::kExitConfiguration;
    }
    return complete(command, usage_.source) ? verify_usage(usage_) : server::kExitConfiguration;
  }

  int execute_bill(const CLI::App& command) {
    return complete(command, bill_.source) ? bill(bill_) : server::kExitConfiguration;
  }

  int execute_doctor(const CLI::App& command) {
    if (path_->count() > 0) doctor_.path = doctor_path_;
    if (socket_io_->count() > 0)
      doctor_.socket_io = doctor_socket_io_.empty() ? "/socket.io/" : doctor_socket_io_;
    if (doctor_.url.empty()) {
      if (doctor_.domain.empty()) {
        std::cerr
            << "weir: doctor needs --domain NAME of the configuration, or --url wss://NAME/\n";
        return server::kExitConfiguration;
      }
      if (!has_file(command)) return server::kExitConfiguration;
      doctor_.config = config_;
    }
    return diagnose(doctor_);
  }

  CLI::App app_{
      "Weir: a WebSocket edge gateway. Holds streams, says why each one ended, counts them to the "
      "byte.",
      "weir"};
  std::string config_ = kDefaultConfig;
  CheckOptions check_;
  std::string key_path_;
  CLI::Option* keys_ = nullptr;
  UsageOptions usage_;
  BillOptions bill_;
  ImportOptions import_;
  DoctorOptions doctor_;
  std::string doctor_path_;
  std::string doctor_socket_io_;
  CLI::Option* path_ = nullptr;
  CLI::Option* socket_io_ = nullptr;
  std::string postgres_;
  bool verbose_ = false;
  CLI::App* verify_ = nullptr;
};

}  // namespace

int main(int argc, char** argv) {
  server::Signals::hold();
  open_standard_streams();
  return CommandLine().parse_and_do(argc, argv);
}

}  // namespace gateway::cli
