// The process from its first signal to its last: reads the configuration, begins to serve, and from
// then on lives on the control thread: signals, reload, drain, admin.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "gateway/admin/server.h"
#include "gateway/config/yaml_reader.h"
#include "gateway/net/loop.h"
#include "gateway/net/side_thread.h"
#include "gateway/server/candidate.h"
#include "gateway/server/departure.h"
#include "gateway/server/doors.h"
#include "gateway/server/process.h"
#include "gateway/server/reload.h"
#include "gateway/server/scrape.h"
#include "gateway/server/service.h"
#include "gateway/server/signals.h"
#include "gateway/server/watcher.h"

namespace gateway::server {

// Of a resource that every start needs and that the system does not give.
[[nodiscard]] std::string cannot_start(const std::exception& error);

//  starting ──ports open──▶ serving ──TERM, INT, QUIT──▶ draining ──drained, timeout, second
//  signal──▶ stopped
class Server final : public admin::Source, public Signals::Handler, public Watcher::Handler {
 public:
  explicit Server(std::string config_path);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() = default;

  // Returns the exit code; what is wrong has been said on standard error.
  int run();

 private:
  enum class Stage { starting, serving, draining, stopped };

  int try_to_start();
  int start();
  // Each of these is a step of start(); not kExitOk: it was the last one.
  int make_process(const config::Document& document);
  int make_service(Candidate first);
  void attend(int64_t read_since);
  void end(int code);

  [[nodiscard]] Grounds grounds();
  Reload::Outcome carry_out(Candidate candidate);
  Reload::Outcome bring_into_force(Candidate candidate);
  void watch(int64_t read_since);
  void begin_drain();
  void stop();
  Scrape::Text collect();

  void metrics(MetricsDone done) override { scrape_->ask(std::move(done)); }
  bool ready() const override { return stage_ == Stage::serving; }
  std::string not_ready_reason() const override {
    return stage_ == Stage::draining ? "draining" : "starting";
  }
  void reload(ReloadDone done) override;
  void usage(std::string path, std::string query, admin::UsageDone done) override {
    process_->metering.ask(std::move(path), std::move(query), std::move(done));
  }

  void on_reload_signal() override { reload_->ask({}); }
  void on_reopen_signal() override;
  void on_stop_signal() override;
  void on_files_changed() override;

  Stage stage_ = Stage::starting;
  bool hurried_ = false;  // a second stop signal came: nothing is waited for
  net::Loop loop_;
  config::Reader reader_;          // of the start, then of whatever runs on the builder's thread
  config::Document started_with_;  // without its domains: for the keys that wait for a restart

  // In the order in which they are made; each leans on those before it.
  std::unique_ptr<Process> process_;
  std::optional<net::SideThread> builder_;
  std::optional<Doors> doors_;
  std::unique_ptr<Service> service_;
  std::optional<Scrape> scrape_;
  std::optional<Reload> reload_;
  std::optional<Watcher> watcher_;
  std::optional<Departure> departure_;
  std::optional<Signals> signals_;

  struct Reloads {
    uint64_t succeeded = 0;
    uint64_t failed = 0;
    bool last_successful = true;
    double last_success = 0;  // seconds since the epoch
    // Of the last one that succeeded.
    std::chrono::nanoseconds reading{0};
    std::chrono::nanoseconds building{0};
    std::chrono::nanoseconds swap{0};
  };
  Reloads reloads_;
  double started_ = 0;
};

}  // namespace gateway::server
