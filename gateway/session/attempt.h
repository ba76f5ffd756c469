// One try at the opening handshake with an origin: connect, ask, read the answer. Whether there is
// another one is the upgrade's business.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/net/dns/resolver.h"
#include "gateway/net/stream.h"
#include "gateway/origin/authenticator.h"
#include "gateway/origin/connector.h"
#include "gateway/origin/pool_state.h"
#include "gateway/route/snapshot.h"
#include "proto/http1/body.h"
#include "proto/http1/head_parser.h"
#include "proto/http1/target.h"
#include "proto/ws/handshake.h"

namespace gateway::session {

// What the client asked; outlives the upgrade.
struct Asked {
  const proto::http1::RequestHead& head;
  const proto::http1::Target& target;
  const proto::ws::UpgradeRequest& request;
  net::Address client;
  net::Address server;  // our own end of the client's connection
  bool client_tls = false;
  std::chrono::milliseconds began;  // establish_timeout runs from here, over all attempts
};

// What a worker lends to its upgrades; outlives them.
struct OriginSide {
  net::Loop& loop;
  net::dns::Resolver& resolver;
  origin::PoolStates& pools;
  origin::Authenticator& authenticator;
  origin::Ways* ways = nullptr;  // null: nothing is kept warm
};

//  connecting ──connected──▶ asking ──101──▶ upgraded (handler)
//      │                        │└──any other final status──▶ answering ──body, its end, a
//      └────failure, deadline───┴──▶ failed (handler)       second──▶ answered (handler)
class Attempt final : public origin::Connector::Handler,
                      private net::Stream::Handler,
                      private net::DeadlineWheel::Entry {
 public:
  static constexpr size_t kMaxBody = size_t{64} * 1024;
  static constexpr int kMaxInterim = 8;  // 1xx answers before the final one
  // For the body of an answer, from the end of its head. The status is known by then, so that what
  // has not come within this is not worth a client's patience.
  static constexpr std::chrono::milliseconds kBodyTime{1'000};

  struct Upgraded {
    std::unique_ptr<net::Stream> origin;
    net::Address address;
    bool tls = false;
    proto::ws::UpgradeAnswer answer;
    std::string fields;  // of the origin's 101, to pass on: end-to-end ones, each with its CR LF
    net::Bytes rest;     // glued to the 101; valid for the call
    std::chrono::milliseconds connect{0};
  };
  // An answer that is no 101.
  struct Answer {
    proto::http1::ResponseHead head;
    std::string body;         // at most kMaxBody of it
    bool unfinished = false;  // and no more came: it was broken, cut short or too slow
    net::Address address;
    bool tls = false;
  };

  class Handler {
   public:
    // `head`: the 101, as it came.
    virtual void on_attempt_upgraded(Upgraded upgraded, const proto::http1::ResponseHead& head) = 0;
    virtual void on_attempt_answered(Answer answer) = 0;
    virtual void on_attempt_failed(outcome::Failure failure) = 0;

   protected:
    ~Handler() = default;
  };

  struct Plan {
    const route::Pool& pool;
    const route::Server& server;  // outlives the attempt
    origin::Target target;
    std::string host;             // the Host field
    bool host_is_server = false;  // and it names the server: with the port that answers
    std::string path_and_query;   // the request target
    std::optional<std::string> authorization;  // ours, in place of the client's
    bool fresh = false;                        // no warm connection
    bool foreign = false;  // not the domain's own origin: the client's credentials stay behind
    std::vector<net::Address> tried;  // of this server, by this request
    uint32_t most_retries = 0;        // further addresses that may be connected to
  };

  // One of the callbacks comes, from the loop; each may destroy the attempt.
  Attempt(const OriginSide& side, const route::Snapshot& snapshot, const Asked& asked, Plan plan,
          Handler& handler);

  net::Address address() const { return address_; }
  // With the port that answered.
  const origin::Target& target() const { return plan_.target; }
  const std::string& host() const { return plan_.host; }
  bool was_asked() const { return connected_once_; }
  // The request went into a connection that had been kept warm and was gone: the server has not
  // failed. One that is silent for too long has.
  bool met_stale_connection() const { return warm_ && moved_.in == 0 && !timed_out_; }
  // Of the addresses of this server: where this request has been, and whether there are others.
  const std::vector<net::Address>& tried() const { return plan_.tried; }
  bool has_other_address() const { return others_; }
  // What failed on the way to the connection, and how often another address was taken instead.
  const std::vector<std::string>& setbacks() const {
    return connector_ ? connector_->setbacks() : setbacks_;
  }
  uint32_t retries() const { return connector_ ? connector_->retries() : retries_; }
  // What was said to the origin and heard from it, up to the end of the 101.
  net::Volume moved() const { return moved_; }
  std::chrono::microseconds lasted() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 began_at_);
  }

 private:
  void on_connected(std::unique_ptr<net::Stream> stream, net::Address address) override;
  void on_connect_failed(outcome::Failure failure) override;
  void on_data(net::Bytes data) override;
  void on_end() override;
  void on_drained() override {}
  void on_failed(const net::IoError& error) override;
  void on_deadline(std::chrono::milliseconds now) override;

  void keep_from_connector();
  std::chrono::milliseconds answer_due() const;  // by when its head is to be whole
  bool is_kept_back(std::string_view field) const;
  std::string request_text() const;
  void judge(proto::http1::ResponseHead head, net::Bytes rest);
  void switch_over(const proto::http1::ResponseHead& head, net::Bytes rest);
  void read_body(net::Bytes data);
  void answered(bool unfinished);
  void fail(outcome::Cause cause, int status, std::string why, bool again);

  net::Loop& loop_;
  const route::Snapshot& snapshot_;
  const config::Origin& settings_;
  const Asked& asked_;
  Plan plan_;
  Handler& handler_;
  std::string key_;
  std::vector<proto::ws::Extension> offers_;  // as forwarded
  std::string offers_text_;
  std::chrono::milliseconds began_;
  std::chrono::milliseconds connected_{0};
  std::unique_ptr<origin::Connector> connector_;
  net::Address address_;
  std::unique_ptr<net::Stream> stream_;
  proto::http1::ResponseParser parser_;
  net::Volume moved_;
  std::chrono::steady_clock::time_point began_at_ = std::chrono::steady_clock::now();
  std::vector<std::string> setbacks_;
  uint32_t retries_ = 0;
  bool others_ = false;
  bool warm_ = false;
  bool connected_once_ = false;
  bool timed_out_ = false;
  int interim_ = 0;
  std::optional<proto::http1::ResponseHead> final_;
  std::optional<proto::http1::BodyReader> body_;
};

}  // namespace gateway::session
