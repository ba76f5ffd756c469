// A client from accept to the 101: PROXY header, TLS, the request head, its judgement, the answer.
// Then the session takes over, or the refusal is said and the connection closed.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/edge/judgement.h"
#include "gateway/edge/proxy_preface.h"
#include "gateway/edge/surroundings.h"
#include "gateway/net/tls/tls_stream.h"
#include "gateway/session/upgrade.h"
#include "proto/http1/head_parser.h"

namespace gateway::edge {

// What connections have in common that came in by one listener.
struct Entrance {
  std::string name;
  bool tls = false;
  metrics::Listener& counters;
};

//  reading ──upgrade──▶ upgrading ──101──▶ handed over to a Session
//     │                    │
//     └──────answer────────┴──▶ answered ──peer's end, deadline──▶ gone
// Plain requests that are proxied (an Exchange) will branch off where decide() answers 426.
class ClientConnection final : public net::RosterMember,
                               private net::Stream::Handler,
                               private net::DeadlineWheel::Entry,
                               public ProxyPreface::Handler,
                               public session::Upgrade::Handler {
 public:
  ClientConnection(Surroundings& surroundings, const Entrance& entrance, net::UniqueFd fd,
                   const net::Address& peer, net::Admission::Pass pass);

  void start();
  // Drain: one that has said nothing yet gets a FIN. Others may finish, and hear 503 for a request
  // that comes or does not become whole in time.
  void turn_away();
  // At once; whoever has asked hears 503.
  void abort();

 private:
  enum class Stage { reading, upgrading, answered, gone };

  void on_data(net::Bytes data) override;
  void on_end() override;
  void on_drained() override {}
  void on_failed(const net::IoError& error) override;
  void on_deadline(std::chrono::milliseconds now) override;
  void on_prefaced(net::UniqueFd fd, const std::optional<net::Address>& client) override;
  void on_preface_refused(const std::string& why) override;
  void on_preface_abandoned() override { leave(); }
  void on_preface_unwatched(int error) override;
  void on_upgraded(session::Upgrade::Upgraded upgraded) override;
  void on_refused(session::Upgrade::Refused refused) override;
  void on_upgrade_failed(const outcome::Failure& failure) override;

  bool has_spoken() const;
  void open_stream(net::UniqueFd fd);
  void read_head(net::Bytes data);
  void keep_early(net::Bytes data);
  void decide();
  void begin_upgrade(const route::Pool& pool);
  void open_echo();
  void refuse(const Refusal& refusal);
  std::string_view as_asked(std::string_view response) const;
  void answer(int status, std::string_view text);
  void record(const Refusal& refusal, size_t answered = 0);
  void record_own_fault(const net::IoError& error);
  usage::meter::Meter& meter() const;
  void bill(size_t answered);
  void end_upgrade();
  session::HandshakeStory story(int status) const;
  void leave();

  Surroundings& surroundings_;
  const Entrance& entrance_;
  std::shared_ptr<const route::Snapshot> snapshot_;
  net::Admission::Pass pass_;
  std::unique_ptr<ProxyPreface> preface_;  // until it has passed: there is no stream yet
  std::unique_ptr<net::Stream> stream_;
  net::tls::TlsStream* tls_ = nullptr;  // stream_, when it is one
  std::chrono::milliseconds accepted_;
  net::Address server_;  // our own end
  session::Identity identity_;
  Stage stage_ = Stage::reading;
  size_t head_size_ = 0;                // bytes of the request head that have come
  bool billed_ = false;                 // they and the answer are in the meter
  std::chrono::milliseconds asked_{0};  // when the origin's side began
  size_t discarded_ = 0;                // bytes that came after the answer
  proto::http1::RequestParser parser_;
  Request request_;
  std::string early_;  // came with the request: waits for the 101
  std::unique_ptr<session::Upgrade> upgrade_;
};

}  // namespace gateway::edge
