#include "gateway/server/server.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <malloc.h>
#include <utility>

#include "gateway/log/log.h"
#include "gateway/server/exit_watch.h"
#include "gateway/server/problems.h"
#include "gateway/server/restart_keys.h"
#include "gateway/server/version.h"

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

// "generation 5 domains=10000 parsed=1 built=1 same=9999".
std::string summary(const Candidate& candidate) {
  const route::Change& change = *candidate.change;
  return "generation " + std::to_string(change.now->generation) +
         " domains=" + std::to_string(change.now->domains.size()) +
         " parsed=" + std::to_string(candidate.parsed) +
         " built=" + std::to_string(change.built()) + " same=" + std::to_string(change.same);
}

}  // namespace

std::string cannot_start(const std::exception& error) {
  return std::string("weir: cannot start: ") + error.what() +
         "; look at the limits of tasks (TasksMax, ulimit -u), of memory and of open files";
}

Server::Server(std::string config_path) : reader_(std::move(config_path)) {
  loop_.turns().set_name("control");
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
  end(code);
  return code;
}

// Whoever is waited for here may be gone for good: each has a limit, and all of them together.
void Server::end(int code) {
  const bool served = stage_ != Stage::starting;
  ExitWatch watch(hurried_ ? kHurriedEnd : kLongestEnd);
  scrape_.reset();
  departure_.reset();
  service_.reset();
  watch.at("the usage ledger; what it has not written is found in state_dir by the next start");
  if (process_) process_->metering.stop();
  if (served) say(Level::info, "stopped");
  watch.at("the access log");
  if (process_ && process_->holdings.access_log)
    process_->holdings.access_log->end(hurried_ ? milliseconds{0} : kLogPatience);
  watch.at("the program's log");
  log::finish(hurried_ ? milliseconds{0} : kLogPatience);
  // What is still read is of no interest any more, and may be on a disk that is stuck.
  if (builder_ && builder_->is_busy()) std::_Exit(code);
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
  const int64_t read_since = files::now();
  config::Reading reading = reader_.read();
  log::print(lines_of(reading.problems));
  if (!reading.ok()) {
    log::print("weir: the configuration has errors, nothing was started\n");
    return kExitConfiguration;
  }
  reading.problems.clear();
  log::start(level_of(reading.document.log.level));
  started_ = reloads_.last_success = unix_seconds();
  if (const int code = make_process(reading.document); code != kExitOk) return code;
  Candidate first = build_candidate(std::move(reading), grounds());
  first.read_since = read_since;
  log::print(lines_of(first.built_problems));
  if (first.change == nullptr) return kExitConfiguration;
  return make_service(std::move(first));
}

int Server::make_process(const config::Document& document) {
  auto holdings = Holdings::open(document);
  if (!holdings) return holdings.error();
  process_ =
      std::make_unique<Process>(std::move(*holdings), document, loop_,
                                [this](const std::string&) { service_->look_at_sessions(); });
  process_->use(limits_of(document, process_->workers(), raise_descriptor_limit()));
  return kExitOk;
}

int Server::make_service(Candidate first) {
  const std::shared_ptr<const route::Snapshot> snapshot = first.change->now;
  const config::Document& document = snapshot->document;
  started_with_ = document;
  started_with_.domains.clear();
  // No key is compared by the list of files: it may be long, and a reload copies what is here.
  started_with_.files = std::vector<std::string>();
  Ports ports(process_->workers());
  Ports::Change opened = ports.plan(document.listeners);
  for (const std::string& error : opened.errors) say(Level::error, error);
  if (!opened.errors.empty()) return kExitRuntime;
  builder_.emplace(loop_);
  auto doors = Doors::open(loop_, *this, document.admin, process_->holdings.state_dir);
  if (!doors) return doors.error();
  doors_.emplace(std::move(*doors));
  const int64_t read_since = first.read_since;
  service_ = std::make_unique<Service>(
      Service::Lent{
          .loop = loop_, .process = *process_, .disposal = *builder_, .admin = doors_->address},
      std::move(first), std::move(ports), std::move(opened));
  attend(read_since);
  say(Level::info, "ready: weir " + std::string(version()) + " node=" + document.node +
                       " boot_id=" + process_->holdings.scribe.boot_id +
                       " workers=" + std::to_string(process_->workers()) +
                       " domains=" + std::to_string(document.domains.size()));
  return kExitOk;
}

// To whatever may come once it serves.
void Server::attend(int64_t read_since) {
  scrape_.emplace(loop_, [this] { return collect(); });
  reload_.emplace(
      loop_, *builder_,
      Reload::Steps{
          .plan = [this]() -> std::function<Candidate()> {
            return [this, on = grounds()] { return read_candidate(reader_, on); };
          },
          .carry_out = [this](Candidate candidate) { return carry_out(std::move(candidate)); }});
  if (service_->snapshot().document.reload.on_change) {
    watcher_.emplace(
        loop_, [this](net::SideThread::Errand errand) { builder_->run(std::move(errand)); }, *this);
  }
  watch(read_since);
  // Held back up to here: what has come meanwhile is dealt with when the loop runs.
  signals_.emplace(loop_, *this);
  stage_ = Stage::serving;
}

Grounds Server::grounds() {
  if (service_ == nullptr) {
    return {.before = nullptr,
            .ingredients = process_->ingredients(1),
            .workers = process_->workers(),
            .named_files = std::make_shared<const NamedFiles>(),
            .rules = nullptr};
  }
  return {.before = service_->share(),
          .ingredients = process_->ingredients(service_->snapshot().generation + 1),
          .workers = process_->workers(),
          .named_files = service_->named_files(),
          .rules = service_->rules()};
}

void Server::reload(ReloadDone done) {
  reload_->ask([done = std::move(done)](const Reload::Outcome& outcome) {
    done({.done = outcome.done, .text = outcome.text});
  });
}

Reload::Outcome Server::carry_out(Candidate candidate) {
  Reload::Outcome outcome = bring_into_force(std::move(candidate));
  reloads_.last_successful = outcome.done;
  if (outcome.done) {
    ++reloads_.succeeded;
    reloads_.last_success = unix_seconds();
  } else {
    ++reloads_.failed;
    say(Level::error, "reload refused, the configuration in force is still generation " +
                          std::to_string(service_->snapshot().generation));
  }
  return outcome;
}

Reload::Outcome Server::bring_into_force(Candidate candidate) {
  const auto began = std::chrono::steady_clock::now();
  say_problems(candidate.read_problems);
  if (!are_warnings(candidate.read_problems))
    return {.done = false, .text = lines_of(candidate.read_problems)};
  say_problems(candidate.built_problems);
  if (candidate.change == nullptr)
    return {.done = false, .text = lines_of(candidate.built_problems)};
  const config::Document& document = candidate.snapshot().document;
  Ports::Change opened = service_->plan(document);
  if (!opened.errors.empty()) {
    std::string text;
    for (const std::string& error : opened.errors) {
      say(Level::error, error);
      text += error + "\n";
    }
    return {.done = false, .text = std::move(text)};
  }
  std::string text = lines_of(candidate.read_problems) + lines_of(candidate.built_problems);
  for (const std::string& line : keys_that_wait(started_with_, document, process_->workers())) {
    say(Level::warning, line);
    text += line + "\n";
  }
  reloads_.reading = candidate.reading;
  reloads_.building = candidate.building;
  const std::string told = summary(candidate);
  const std::vector<std::string> anew = std::move(candidate.read_anew);
  const int64_t read_since = candidate.read_since;
  const auto taken = [this, began] { reloads_.swap = std::chrono::steady_clock::now() - began; };
  for (const std::string& line : service_->use(std::move(candidate), std::move(opened), taken))
    text += line + "\n";
  const route::Snapshot& snapshot = service_->snapshot();
  log::set_level(level_of(snapshot.document.log.level));
  if (!anew.empty()) say(Level::info, "read anew: " + listed(anew));
  watch(read_since);
  say(Level::info, "reloaded: " + told);
  return {.done = true,
          .text = text + "generation " + std::to_string(snapshot.generation) + " is in force\n"};
}

void Server::watch(int64_t read_since) {
  if (!watcher_) return;
  const config::Document& document = service_->snapshot().document;
  Watcher::Watched watched{
      .files = document.files, .named = service_->named_files()->list(), .read_since = read_since};
  // Where a pattern matches nothing yet the first file of its folder is to be noticed, too.
  const std::filesystem::path folder = std::filesystem::path(watched.files.front()).parent_path();
  for (const std::string& pattern : document.unmatched) watched.files.push_back(folder / pattern);
  watcher_->watch(watched);
}

void Server::on_files_changed() {
  say(Level::info, "configuration files have changed");
  reload_->ask({});
}

void Server::on_reopen_signal() {
  if (process_->holdings.access_log) process_->holdings.access_log->reopen();
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
  reload_->stop(not_ready_reason());
  const config::Drain& settings = service_->snapshot().document.drain;
  const std::string delay = settings.delay.count() == 0
                                ? std::string()
                                : " delay=" + std::to_string(settings.delay.count()) + "ms";
  say(Level::info, "draining: connections=" + std::to_string(process_->admission.held()) + delay +
                       " timeout=" + std::to_string(settings.timeout.count()) +
                       "s; a second signal ends at once");
  departure_.emplace(loop_, service_->workers(), settings, [this] { stop(); });
}

void Server::stop() {
  if (stage_ == Stage::stopped) return;
  stage_ = Stage::stopped;
  loop_.stop();
}

}  // namespace gateway::server
