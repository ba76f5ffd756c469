// One session between two memory streams, with a clock that is moved by hand.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gateway/session/session.h"
#include "gateway/usage/meter/books.h"
#include "tests/support/frames.h"
#include "tests/support/made_snapshot.h"
#include "tests/support/memory_stream.h"

namespace tests {

using std::chrono::milliseconds;

inline gateway::config::WebSocket idle_after(milliseconds limit) {
  gateway::config::WebSocket settings;
  settings.connection_timeout = limit;
  return settings;
}

class SessionStage {
 public:
  struct Plan {
    gateway::config::WebSocket settings{};
    bool permessage_deflate = false;
    gateway::log::AccessLog* access = nullptr;
    std::vector<uint8_t> from_client{};  // read beyond the heads
    std::vector<uint8_t> from_origin{};
    size_t client_record_overhead = 0;  // above 0: the client's stream is TLS
    bool started = true;
  };

  SessionStage() : SessionStage(Plan{}) {}
  explicit SessionStage(const Plan& plan) {
    scribe.access = plan.access;
    scribe.node = "node-1";
    scribe.boot_id = "boot-1";
    config_.names = {"chat.example.com"};
    config_.websocket = plan.settings;
    domain_->config = borrowed(config_);
    domain_->label = "chat.example.com";
    domain_->counters = registry.domain(domain_->label);
    domain_->meters = meters.domain(domain_->label);
    auto pool = std::make_unique<gateway::route::Pool>();
    pool->domain = domain_->label;
    pool->label = domain_->label + "#/";
    pool->config = borrowed(config_.origin);
    pool->servers.push_back({.host = "10.0.0.5",
                             .port = 8080,
                             .address = std::nullopt,
                             .backend = backend_,
                             .counters = registry.origin(domain_->label, backend_->name())});
    domain_->add({.prefix = "/",
                  .action = gateway::route::ToPool{std::move(pool)},
                  .websocket = borrowed(config_.websocket)});
    open(plan);
  }
  SessionStage(const SessionStage&) = delete;
  SessionStage& operator=(const SessionStage&) = delete;
  ~SessionStage() {
    if (!ended()) session().abort();
    retirement_.clear();
  }

  bool ended() const { return table_.size() == 0; }
  gateway::session::Session& session() { return table_.at(0); }
  gateway::metrics::Domain& counters() { return *domain_->counters[0]; }
  gateway::metrics::Traffic& origin_traffic() {
    return domain_->routes[0].pool()->servers[0].counters[0]->traffic;
  }
  milliseconds now() const { return wheel_.now(); }
  // Since the session began.
  milliseconds age() const { return now() - kBegin; }

  // Lets time pass: every deadline fires as soon as a loop would have seen it.
  void pass(milliseconds time) {
    const milliseconds target = now() + time;
    while (wheel_.next() && *wheel_.next() <= target) {
      wheel_.advance(std::max(*wheel_.next(), now()));
      retirement_.clear();
    }
    wheel_.advance(target);
    retirement_.clear();
  }
  void pass_until(milliseconds age) { pass(kBegin + age - now()); }

  // How often it has ended, and by whom and why the last time.
  uint64_t ends() {
    uint64_t total = 0;
    for (const auto& by : counters().closed) {
      for (size_t cause = 0; cause < gateway::outcome::kCauses; ++cause) total += by[cause].value();
    }
    return total;
  }
  uint64_t ends(gateway::outcome::By by, gateway::outcome::Cause cause) {
    return counters().closed[static_cast<size_t>(by)][static_cast<size_t>(cause)].value();
  }

  std::vector<ReadFrame> seen_by_client() {
    return read_frames(client.received(), proto::ws::Sender::server);
  }
  std::vector<ReadFrame> seen_by_origin() {
    return read_frames(origin.received(), proto::ws::Sender::client);
  }

  static constexpr milliseconds kBegin{1'000'003};  // on no tick

  // Closes that had to wait, and whether they were given in the end.
  uint64_t waited(gateway::outcome::Cause cause, bool given) {
    return registry.worker(0).waited_closes[static_cast<size_t>(cause)][given ? 0 : 1].value();
  }

  // What the meters hold of the domain, all buckets together.
  gateway::usage::Totals metered() {
    gateway::usage::Totals all;
    for (const auto& reading : meters.book(0).read()) all += reading.totals;
    return all;
  }
  uint64_t metered(gateway::usage::Field field) { return metered()[field]; }

  gateway::metrics::Registry registry{1};
  gateway::usage::meter::Books meters{
      {.folder = {}, .node = "node-1", .boot = "boot-1", .workers = 1}};
  gateway::usage::RecordQueue records;
  gateway::session::Scribe scribe;
  Peer client;
  Peer origin;

 private:
  void open(const Plan& plan) {
    using gateway::session::Session;
    auto& listener = *registry.listener("public")[0];
    gateway::session::Identity identity;
    identity.id = gateway::session::new_session_id();
    identity.client = *gateway::net::Address::parse("203.0.113.7", 40'000);
    identity.origin = *gateway::net::Address::parse("10.0.0.5", 8080);
    identity.path = "/chat";
    identity.client_tls = true;
    client.set_record_overhead(plan.client_record_overhead);
    auto made = std::make_unique<Session>(
        context_, Session::Opening{.domain = domain_,
                                   .route = domain_->routes[0],
                                   .streams = {client.connect(), origin.connect()},
                                   .permessage_deflate = plan.permessage_deflate,
                                   .identity = std::move(identity),
                                   .pass = std::move(*admission.admit(listener)),
                                   .in_use = gateway::origin::SessionCount(backend_.get())});
    Session& session = table_.add(std::move(made));
    if (plan.started) session.start(plan.from_client, plan.from_origin);
  }

 public:
  gateway::net::Admission admission;

 private:
  std::shared_ptr<gateway::route::Backend> backend_ =
      std::make_shared<gateway::route::Backend>("chat.example.com", "10.0.0.5:8080");
  gateway::config::Domain config_;
  std::shared_ptr<gateway::route::Domain> domain_ = std::make_shared<gateway::route::Domain>();
  gateway::net::DeadlineWheel wheel_{kBegin};
  gateway::net::Retirement retirement_;
  gateway::session::Table table_{retirement_};
  gateway::session::WorkerContext context_{.wheel = wheel_,
                                           .table = table_,
                                           .scribe = scribe,
                                           .figures = registry.worker(0),
                                           .book = meters.book(0),
                                           .records = &records,
                                           .interim = std::chrono::minutes(5),
                                           .worker = 0};
};

}  // namespace tests
