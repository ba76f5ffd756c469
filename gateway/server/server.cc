#include "gateway/server/server.h"

#include <algorithm>
#include <csignal>
#include <exception>
#include <filesystem>
#include <malloc.h>

#include "gateway/config/named_files.h"
#include "gateway/log/log.h"
#include "gateway/server/exit_watch.h"
#include "gateway/server/leaving.h"
#include "gateway/server/version.h"
#include "proto/base/encoding.h"

namespace gateway::server {

using log::Level;
using log::say;
using std::chrono::milliseconds;

namespace {

Level level_of(config::Log::Level level) {
  switch (level) {
    case config::Log::Level::trace:
      return Level::trace;
    case config::Log::Level::debug:
      return Level::debug;
    case config::Log::Level::info:
      return Level::info;
    case config::Log::Level::warning:
      return Level::warning;
    case config::Log::Level::error:
      return Level::error;
  }
  return Level::info;
}

// How long the process may take to end, once its sessions have: the ledger of a slow disk has much
// to write. After a second signal only what is quick is waited for.
constexpr milliseconds kLongestEnd{20'000};
constexpr milliseconds kHurriedEnd{3'000};
constexpr milliseconds kLogPatience{1'500};

double unix_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string boot_id() {
  std::array<uint8_t, 8> bytes{};
  proto::random_bytes(bytes);
  return proto::to_hex(bytes);
}

bool print_problems(const std::vector<config::Problem>& problems) {
  bool errors = false;
  std::string text;
  for (const config::Problem& problem : config::errors_last(problems)) {
    text += to_string(problem) + '\n';
    errors = errors || !problem.warning;
  }
  log::print(text);
  return errors;
}

std::string lines(const std::vector<config::Problem>& problems) {
  std::string text;
  for (const config::Problem& problem : config::errors_last(problems))
    text += to_string(problem) + "\n";
  return text;
}

}  // namespace

std::string cannot_start(const std::exception& error) {
  return std::string("weir: cannot start: ") + error.what() +
         "; look at the limits of tasks (TasksMax, ulimit -u), of memory and of open files";
}

Server::Server(std::string config_path) : reader_(std::move(config_path)) {
  loop_.turns().set_name("control");
}

Server::~Server() {
  // The workers lean on everything else.
  workers_.clear();
}

int Server::run() {
  std::signal(SIGPIPE, SIG_IGN);
  // What is larger goes back to the system as soon as it is freed. Left to itself glibc raises this
  // limit with use, and keeps what a burst of session records needed.
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  Signals::catch_stops();
  const int code = try_to_start();
  if (code == kExitOk) {
    loop_.run();
    signals_->let_go();
  }
  end();
  return code;
}

// Whoever is waited for here may be gone for good: each has a limit, and all of them together.
void Server::end() {
  const bool served = stage_ != Stage::starting;
  ExitWatch watch(hurried_ ? kHurriedEnd : kLongestEnd);
  workers_.clear();
  watch.at("the usage ledger; what it has not written is found in state_dir by the next start");
  if (metering_) metering_->stop();
  if (served) say(Level::info, "stopped");
  watch.at("the access log");
  if (access_log_) access_log_->end(hurried_ ? milliseconds{0} : kLogPatience);
  watch.at("the program's log");
  log::finish(hurried_ ? milliseconds{0} : kLogPatience);
}

// Threads and loops that cannot be made are told by exceptions; from then on there are none.
int Server::try_to_start() {
  try {
    return start();
  } catch (const std::exception& error) {
    log::print(cannot_start(error) + '\n');
    return kExitRuntime;
  }
}

int Server::start() {
  config::Reading reading = reader_.read();
  if (print_problems(reading.problems)) {
    log::print("weir: the configuration has errors, nothing was started\n");
    return kExitConfiguration;
  }
  log::start(level_of(reading.document.log.level));
  started_ = reloads_.last_success = unix_seconds();
  auto state_dir = StateDir::open(reading.document.state_dir);
  if (!state_dir) {
    say(Level::error, state_dir.error());
    return kExitRuntime;
  }
  state_dir_.emplace(std::move(*state_dir));
  const uint64_t needed = descriptors_to_start(reading.document, worker_count(reading.document));
  if (const std::string missing = descriptors_missing(needed, raise_descriptor_limit());
      !missing.empty()) {
    say(Level::error, missing);
    return kExitRuntime;
  }
  scribe_ = {.node = reading.document.node,
             .boot_id = boot_id(),
             .format = reading.document.log.access.format};
  if (reading.document.log.access.query == config::AccessLog::Query::redacted)
    scribe_.query = std::make_shared<const log::Redaction>(reading.document.log.access.redact);
  if (!open_access_log(reading.document)) return kExitRuntime;
  scribe_.access = access_log_.get();
  use_limits(reading.document, worker_count(reading.document));

  registry_ = std::make_unique<metrics::Registry>(worker_count(reading.document));
  open_metering(reading.document);
  auto snapshot = build_snapshot(std::move(reading.document), nullptr, ingredients(1));
  if (!snapshot) {
    print_problems(snapshot.error());
    return kExitConfiguration;
  }
  print_problems((*snapshot)->warnings);
  snapshot_ = std::move(*snapshot);
  const config::Document& document = snapshot_->document;
  started_with_ = document;
  started_with_.domains.clear();
  ports_ = std::make_unique<Ports>(registry_->worker_count());
  Ports::Change change = ports_->plan(document.listeners);
  for (const std::string& error : change.errors) say(Level::error, error);
  if (!change.errors.empty()) return kExitRuntime;
  if (const int code = open_admin(document); code != kExitOk) return code;

  // Once it is sure that this process will serve, and before it does: the first upgrade is already
  // judged by what the budgets have left.
  metering_->use(document);
  metering_->start();
  common_.emplace(Common{*registry_, admission_, scribe_, *metering_, origins_.names(), warm_room_,
                         origins_.own_listeners(), trim_pace_});
  for (size_t i = 0; i < registry_->worker_count(); ++i) {
    workers_.push_back(std::make_unique<Worker>(i, *common_, snapshot_));
  }
  hand_out(change);
  for (const auto& worker : workers_) worker->start();
  origins_.use(snapshot_);
  if (document.reload.on_change) watcher_.emplace(loop_, *this);
  note_files();
  // Held back up to here: what has come meanwhile is dealt with when the loop runs.
  signals_.emplace(loop_, *this);
  stage_ = Stage::serving;
  say(Level::info, "ready: weir " + std::string(version()) + " node=" + document.node +
                       " boot_id=" + scribe_.boot_id +
                       " workers=" + std::to_string(workers_.size()) +
                       " domains=" + std::to_string(document.domains.size()));
  return kExitOk;
}

void Server::use_limits(const config::Document& document, size_t workers) {
  const Limits limits = limits_of(document, workers, raise_descriptor_limit());
  admission_.set_limit(limits.connections);
  warm_room_.set_limit(limits.warm);
  if (limits_ == limits) return;
  limits_ = limits;
  say(Level::info, "limits: " + to_string(limits));
  if (const std::string warning = limits_warning(limits); !warning.empty())
    say(Level::warning, warning);
}

void Server::open_metering(const config::Document& document) {
  metering_ = std::make_unique<Metering>(Metering::Plan{.state_dir = document.state_dir,
                                                        .boot = scribe_.boot_id,
                                                        .workers = registry_->worker_count(),
                                                        .end_sessions =
                                                            [this](const std::string&) {
                                                              for (const auto& worker : workers_)
                                                                worker->look_at_sessions();
                                                            }},
                                         document, loop_);
}

bool Server::open_access_log(const config::Document& document) {
  if (!document.log.access.path) return true;
  const config::AccessLog& settings = document.log.access;
  access_log_ = std::make_unique<log::AccessLog>(
      log::AccessLog::Plan{.path = *settings.path,
                           .queue = settings.queue,
                           .workers = worker_count(document),
                           .node = document.node,
                           .boot_id = scribe_.boot_id,
                           .tells_losses = settings.format == config::AccessLog::Format::json});
  if (access_log_->error().empty()) return true;
  say(Level::error, "the access log cannot be written: " + access_log_->error() +
                        "; change log.access.path, or make it writable for user id " +
                        std::to_string(::geteuid()));
  return false;
}

int Server::open_admin(const config::Document& document) {
  const auto address = net::Address::parse(document.admin.address, document.admin.port);
  if (!address) {
    say(Level::error, "admin.listen: " + document.admin.address + " is not an IP address");
    return kExitRuntime;
  }
  std::vector<net::UniqueFd> fds;
  if (const auto failure = net::open_listeners(*address, 1, false, fds)) {
    say(Level::error, explain_bind_failure("admin.listen", *address, *failure));
    return kExitRuntime;
  }
  const auto local = net::Address::local_of(fds.front().get());
  say(Level::info, "listening listener=admin address=" + local.value_or(*address).to_string());
  admin_address_ = local.value_or(*address);
  admin_.emplace(loop_, *this, admin::Trust::scrape, std::move(fds.front()));
  auto control = state_dir_->open_control_socket();
  if (!control) {
    say(Level::error, control.error());
    return kExitRuntime;
  }
  control_.emplace(loop_, *this, admin::Trust::control, std::move(*control));
  return kExitOk;
}

void Server::hand_out(Ports::Change& change) {
  for (const std::string& key : change.closed) {
    for (const auto& worker : workers_) worker->close(key);
    say(Level::info, "closed " + key);
  }
  for (Port& port : change.opened) {
    say(Level::info, "listening listener=" + port.listener +
                         " address=" + port.address.to_string() + (port.tls ? " tls" : ""));
    for (size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->open(port.key, port.listener, port.tls, std::move(port.fds[i]));
    }
  }
  ports_->commit(change);
  std::vector<net::Address> own = {admin_address_};
  for (const auto& [key, port] : ports_->open()) own.push_back(port.address);
  origins_.own_listeners().use(std::move(own));
}

Server::Reloaded Server::reload() {
  Reloaded result;
  if (stage_ != Stage::serving) {
    result.text = "not reloaded: " + not_ready_reason() + "\n";
    return result;
  }
  result = reload_from_files();
  reloads_.last_successful = result.done;
  if (result.done) {
    ++reloads_.succeeded;
    reloads_.last_success = unix_seconds();
  } else {
    ++reloads_.failed;
    say(Level::error, "reload refused, the configuration in force is still generation " +
                          std::to_string(snapshot_->generation));
  }
  return result;
}

Server::Reloaded Server::reload_from_files() {
  config::Reading reading = reader_.read_again(snapshot_->document);
  for (const config::Problem& problem : config::errors_last(reading.problems)) {
    say(problem.warning ? Level::warning : Level::error, to_string(problem));
  }
  if (!reading.ok()) return {.done = false, .text = lines(reading.problems)};
  std::string warnings = lines(reading.problems);

  auto snapshot = build_snapshot(std::move(reading.document), snapshot_.get(),
                                 ingredients(snapshot_->generation + 1));
  if (!snapshot) {
    for (const config::Problem& problem : config::errors_last(snapshot.error()))
      say(problem.warning ? Level::warning : Level::error, to_string(problem));
    return {.done = false, .text = lines(snapshot.error())};
  }
  for (const config::Problem& problem : (*snapshot)->warnings)
    say(Level::warning, to_string(problem));
  warnings += lines((*snapshot)->warnings);
  Ports::Change change = ports_->plan((*snapshot)->document.listeners);
  if (!change.errors.empty()) {
    std::string text;
    for (const std::string& error : change.errors) {
      say(Level::error, error);
      text += error + "\n";
    }
    return {.done = false, .text = text};
  }
  warnings += what_needs_restart((*snapshot)->document);
  const std::vector<Departing> leave = departing(*snapshot_, **snapshot);
  snapshot_ = std::move(*snapshot);
  for (const auto& worker : workers_) {
    worker->use(snapshot_);
    if (!leave.empty()) worker->look_at_sessions();
  }
  for (const std::string& line : lines_of(leave)) {
    say(Level::info, line);
    warnings += line + "\n";
  }
  metering_->use(snapshot_->document);
  origins_.use(snapshot_);
  hand_out(change);
  use_limits(snapshot_->document, workers_.size());
  log::set_level(level_of(snapshot_->document.log.level));
  note_files();
  say(Level::info, "reloaded: generation " + std::to_string(snapshot_->generation) +
                       " domains=" + std::to_string(snapshot_->document.domains.size()));
  return {
      .done = true,
      .text = warnings + "generation " + std::to_string(snapshot_->generation) + " is in force\n"};
}

void Server::note_files() {
  const config::Document& document = snapshot_->document;
  const std::vector<std::string> anew = named_files_.take(config::named_files(document));
  if (!anew.empty()) say(Level::info, "read anew: " + listed(anew));
  if (!watcher_) return;
  std::vector<std::string> files = document.files;
  // Where a pattern matches nothing yet the first file of its folder is to be noticed, too.
  const std::filesystem::path folder = std::filesystem::path(files.front()).parent_path();
  for (const std::string& pattern : document.unmatched) files.push_back(folder / pattern);
  watcher_->watch(files, named_files_.list());
}

std::string Server::what_needs_restart(const config::Document& next) const {
  const config::Document& now = started_with_;
  std::string text;
  const auto tell = [&text](bool changed, const char* key) {
    if (!changed) return;
    const std::string line = std::string(key) + " has changed: that takes effect with a restart";
    say(Level::warning, line);
    text += line + "\n";
  };
  tell(now.node != next.node, "node");
  tell(next.workers && *next.workers != workers_.size(), "workers");
  tell(now.state_dir != next.state_dir, "state_dir");
  tell(now.admin.address != next.admin.address || now.admin.port != next.admin.port,
       "admin.listen");
  tell(!(now.log.access == next.log.access), "log.access");
  tell(!(now.usage == next.usage), "usage");
  tell(!(now.resolver == next.resolver), "resolver");
  tell(now.reload.on_change != next.reload.on_change, "reload.on_change");
  return text;
}

void Server::on_reload_signal() { static_cast<void>(reload()); }

void Server::on_files_changed() {
  say(Level::info, "configuration files have changed");
  static_cast<void>(reload());
}

void Server::on_reopen_signal() {
  if (access_log_) access_log_->reopen();
}

void Server::on_stop_signal() {
  hurried_ = stage_ != Stage::serving;
  if (stage_ == Stage::stopped) return;
  if (stage_ == Stage::draining) {
    say(Level::info, "second signal: ending at once");
    departure_->abort();
    stop();
    return;
  }
  begin_drain();
}

void Server::begin_drain() {
  stage_ = Stage::draining;
  const config::Drain& settings = snapshot_->document.drain;
  const std::string delay = settings.delay.count() == 0
                                ? std::string()
                                : " delay=" + std::to_string(settings.delay.count()) + "ms";
  say(Level::info, "draining: connections=" + std::to_string(admission_.held()) + delay +
                       " timeout=" + std::to_string(settings.timeout.count()) +
                       "s; a second signal ends at once");
  departure_.emplace(loop_, workers_, settings, [this] { stop(); });
}

void Server::stop() {
  if (stage_ == Stage::stopped) return;
  stage_ = Stage::stopped;
  loop_.stop();
}

}  // namespace gateway::server
