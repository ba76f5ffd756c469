// The opening handshake with the origin: connect, ask, judge the answer. Lives only until there is
// one, so that an open session carries nothing of it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/net/resolver.h"
#include "gateway/net/stream.h"
#include "gateway/origin/connector.h"
#include "gateway/route/snapshot.h"
#include "proto/http1/body.h"
#include "proto/http1/head_parser.h"
#include "proto/http1/target.h"
#include "proto/ws/handshake.h"

namespace gateway::session {

//  connecting ──connected──▶ asking ──101──▶ upgraded (handler)
//      │                        │└──any other final status──▶ refused ──body──▶ (handler)
//      └────failure, deadline───┴──▶ failed (handler)
class Upgrade final : public origin::Connector::Handler,
                      private net::Stream::Handler,
                      private net::DeadlineWheel::Entry {
 public:
  static constexpr size_t kMaxRefusalBody = size_t{64} * 1024;
  static constexpr int kMaxInterim = 8;  // 1xx answers before the final one

  struct Upgraded {
    std::unique_ptr<net::Stream> origin;
    net::Address address;
    bool tls = false;
    proto::ws::UpgradeAnswer answer;
    std::string fields;  // of the origin's 101, to pass on: end-to-end ones, each with its CR LF
    net::Bytes rest;     // glued to the 101; valid for the call
    std::chrono::milliseconds connect{0};
  };
  struct Refused {
    int status;
    std::string response;  // whole: head and body
    net::Address address;
    bool tls = false;
  };

  class Handler {
   public:
    virtual void on_upgraded(Upgraded upgraded) = 0;
    virtual void on_refused(Refused refused) = 0;
    virtual void on_upgrade_failed(const origin::Failure& failure) = 0;

   protected:
    ~Handler() = default;
  };

  // What the client asked; outlives the upgrade.
  struct Asked {
    const proto::http1::RequestHead& head;
    const proto::http1::Target& target;
    const proto::ws::UpgradeRequest& request;
    net::Address client;
    bool client_tls = false;
    std::chrono::milliseconds
        began;  // establish_timeout runs from here, over all servers that are tried
  };

  // One of the callbacks comes, from the loop; each may destroy the upgrade.
  Upgrade(net::Loop& loop, net::Resolver& resolver, const route::Snapshot& snapshot,
          const route::Domain& domain, const route::Server& server, const Asked& asked,
          Handler& handler);

  net::Address address() const { return address_; }
  // What was said to the origin and heard from it, up to the end of the 101.
  net::Volume moved() const { return moved_; }

 private:
  void on_connected(std::unique_ptr<net::Stream> stream, const net::Address& address) override;
  void on_connect_failed(const origin::Failure& failure) override;
  void on_data(net::Bytes data) override;
  void on_end() override;
  void on_drained() override {}
  void on_failed(const net::IoError& error) override;
  void on_deadline(std::chrono::milliseconds now) override;

  std::string request_text() const;
  void judge(proto::http1::ResponseHead head, net::Bytes rest);
  void switch_over(const proto::http1::ResponseHead& head, net::Bytes rest);
  void read_refusal(net::Bytes data);
  void pass_on_refusal();
  void fail(log::Cause cause, int status, std::string why);

  net::Loop& loop_;
  const route::Snapshot& snapshot_;
  const config::Origin& settings_;
  Asked asked_;
  Handler& handler_;
  origin::Target target_;
  std::string host_;  // the Host field for the origin
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
  int interim_ = 0;
  std::optional<proto::http1::ResponseHead> refusal_;
  std::optional<proto::http1::BodyReader> body_;
};

}  // namespace gateway::session
