// The process: reads the configuration, opens the ports, starts the workers, and from then on lives
// on the control thread: signals, reload, drain, admin.
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/admin/server.h"
#include "gateway/config/yaml_reader.h"
#include "gateway/log/access_log.h"
#include "gateway/origin/warm_room.h"
#include "gateway/server/departure.h"
#include "gateway/server/limits.h"
#include "gateway/server/metering.h"
#include "gateway/server/named_files.h"
#include "gateway/server/origins.h"
#include "gateway/server/ports.h"
#include "gateway/server/signals.h"
#include "gateway/server/snapshot_builder.h"
#include "gateway/server/state_dir.h"
#include "gateway/server/watcher.h"
#include "gateway/server/worker.h"

namespace gateway::server {

inline constexpr int kExitOk = 0;
inline constexpr int kExitRuntime = 1;
inline constexpr int kExitConfiguration = 2;

// Of a resource that every start needs and that the system does not give.
[[nodiscard]] std::string cannot_start(const std::exception& error);

//  starting ──ports open──▶ serving ──TERM, INT, QUIT──▶ draining ──drained, timeout, second
//  signal──▶ stopped
class Server final : public admin::Source, public Signals::Handler, public Watcher::Handler {
 public:
  explicit Server(std::string config_path);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // Returns the exit code; what is wrong has been said on standard error.
  int run();

 private:
  enum class Stage { starting, serving, draining, stopped };

  int try_to_start();
  int start();
  void use_limits(const config::Document& document, size_t workers);
  void end();
  bool open_access_log(const config::Document& document);
  int open_admin(const config::Document& document);
  void hand_out(Ports::Change& change);
  Reloaded reload_from_files();
  void note_files();
  // Says it in the log, too; a line for each key.
  std::string what_needs_restart(const config::Document& next) const;
  void open_metering(const config::Document& document);
  route::Ingredients ingredients(uint64_t generation) {
    return {.generation = generation,
            .registry = *registry_,
            .ticket_keys = ticket_keys_,
            .meters = metering_->meters(),
            .standings = metering_->standings(),
            .backends = origins_.backends(),
            .origin_sessions = &origins_.sessions()};
  }
  void begin_drain();
  void stop();

  std::string metrics() override;
  bool ready() const override { return stage_ == Stage::serving; }
  std::string not_ready_reason() const override {
    return stage_ == Stage::draining ? "draining" : "starting";
  }
  Reloaded reload() override;
  void usage(std::string path, std::string query, admin::UsageDone done) override {
    metering_->ask(std::move(path), std::move(query), std::move(done));
  }

  void on_reload_signal() override;
  void on_reopen_signal() override;
  void on_stop_signal() override;
  void on_files_changed() override;

  config::Reader reader_;
  Stage stage_ = Stage::starting;
  net::Loop loop_;
  std::optional<StateDir> state_dir_;
  std::unique_ptr<log::AccessLog> access_log_;
  session::Scribe scribe_;
  net::Admission admission_;
  origin::WarmRoom warm_room_;
  TrimPace trim_pace_;
  std::optional<Limits> limits_;
  net::tls::TicketKeys ticket_keys_;
  Origins origins_{loop_};
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<Metering> metering_;
  std::shared_ptr<const route::Snapshot> snapshot_;
  std::unique_ptr<Ports> ports_;
  std::optional<Departure> departure_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<Common> common_;
  std::optional<admin::Server> admin_;
  net::Address admin_address_;
  std::optional<admin::Server> control_;
  std::optional<Signals> signals_;
  std::optional<Watcher> watcher_;
  NamedFiles named_files_;
  config::Document started_with_;  // without its domains: for the keys that wait for a restart
  bool hurried_ = false;           // a second stop signal came: nothing is waited for

  struct Reloads {
    uint64_t succeeded = 0;
    uint64_t failed = 0;
    bool last_successful = true;
    double last_success = 0;  // seconds since the epoch
  };
  Reloads reloads_;
  double started_ = 0;
};

}  // namespace gateway::server
