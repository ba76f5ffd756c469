// One client's WebSocket and its origin's, from the 101 to the end: the relay, its deadline, its
// figures, its one end.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/net/admission.h"
#include "gateway/net/deadline_wheel.h"
#include "gateway/net/owned_set.h"
#include "gateway/origin/in_use_count.h"
#include "gateway/route/domain.h"
#include "gateway/session/record.h"
#include "gateway/session/relay.h"
#include "gateway/session/table.h"
#include "gateway/session/timeouts.h"
#include "gateway/usage/meter/book.h"
#include "gateway/usage/record.h"

namespace gateway::session {

// What a worker lends to its sessions; outlives them.
struct WorkerContext {
  net::DeadlineWheel& wheel;
  Table& table;
  const Scribe& scribe;
  metrics::Worker& figures;
  usage::meter::Book& book;     // whose meters count connection time by this wheel's clock
  usage::RecordQueue* records;  // null: no session records
  milliseconds interim;         // between two of them of an open session
  size_t worker;
};

class Session final : public net::Owned,
                      private net::DeadlineWheel::Entry,
                      private Relay::Observer {
 public:
  struct Opening {
    std::shared_ptr<const route::Domain> domain;  // kept to the end
    const route::Route& route;                    // of the domain
    Relay::Streams streams;  // both have finished their handshakes; the 101 is written
    bool permessage_deflate = false;
    Identity identity;
    net::Admission::Pass pass;
    origin::SessionCount in_use = {};  // of its server
  };

  Session(const WorkerContext& context, Opening opening);  // context outlive it

  // Once it is in the table. The bytes are what was read beyond the heads.
  void start(Bytes from_client, Bytes from_origin);

  // Ends it by a decision of ours: drain, overload, domain_disabled. Both peers get the code, each
  // once the frame that is half relayed to it has passed. Whoever has not got it by `until` is cut;
  // nothing: after close_timeout.
  void close(Cause cause, CloseCode code, std::string_view reason,
             std::optional<milliseconds> until = std::nullopt);
  // At once, with whatever is queued: the second signal.
  void abort();

  const route::Domain& domain() const { return *domain_; }
  const route::Route& route() const { return domain_->routes[route_]; }
  const Relay& relay() const { return relay_; }

 private:
  void on_deadline(milliseconds now) override;
  metrics::Domain& counters() override { return *domain_->counters[context_.worker]; }
  void on_closing() override;
  void on_congested() override;
  void on_pong() override;
  void on_unacknowledged(Leg& leg) override;
  void on_waited(bool given) override;
  void on_relay_ended() override;

  const config::WebSocket& settings() const { return *route().websocket; }
  usage::meter::Meter& meter() const { return *domain_->meters[context_.worker]; }
  void act(Act what, milliseconds now);
  void look_at(Leg& leg, milliseconds now);
  void end_silent(Cause cause, Side silent, std::string reason);
  void end_stalled(Leg& leg);
  void ping(milliseconds now);
  void miss_pong(milliseconds now);
  void decide(Relay::Closing closing, std::string reason);
  void give_up_unsent(milliseconds now);
  void give_up_unanswered(milliseconds now);
  void end_connection_time(Cause cause);
  // When it began to close.
  milliseconds ended_at(milliseconds now) const {
    return relay_.closing() ? timers_.closing_since : now;
  }
  void write_record(usage::Record::Kind kind);
  void arm();

  const WorkerContext& context_;
  const std::shared_ptr<const route::Domain> domain_;
  Identity identity_;
  [[no_unique_address]] Relay relay_;  // what follows fits into its padding
  bool ping_put_off_ = false;          // since the last ping another was due, but not possible
  uint16_t route_;                     // of the domain's
  Timers timers_;
  net::Admission::Pass pass_;
  origin::SessionCount in_use_;
  int64_t opened_ms_;           // Unix milliseconds
  uint32_t sequence_ = 0;       // of the next usage record
  uint32_t rtt_ms_ = kNoPong;   // of the last ping that was answered
  usage::RecordTicket ticket_;  // of the last one
};

}  // namespace gateway::session
