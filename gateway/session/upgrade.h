// The way to a 101: which server is asked, what its answer means, and whether another one is asked.
// Lives only until there is an end, so that an open session carries nothing of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/origin/ejection.h"
#include "gateway/origin/redirects.h"
#include "gateway/origin/tokens.h"
#include "gateway/session/attempt.h"

namespace gateway::session {

//  asking ──101──▶ upgraded
//   │  ▲ └──401, redirect, 5xx, failure──┐ another attempt: with credentials, elsewhere, at the
//   next │  └─────────────────────────────────┘ address or server └──any other answer──▶ refused;
//   nothing left to try──▶ failed
class Upgrade final : public Attempt::Handler {
 public:
  using Upgraded = Attempt::Upgraded;
  struct Refused {
    int status;
    std::string fields;  // to pass on, each with its CR LF
    std::string body;
    net::Address address;
    bool tls = false;
    bool unfinished = false;  // the body is what had come of it
  };

  class Handler {
   public:
    virtual void on_upgraded(Upgraded upgraded) = 0;
    virtual void on_refused(Refused refused) = 0;
    virtual void on_upgrade_failed(const outcome::Failure& failure) = 0;

   protected:
    ~Handler() = default;
  };

  // Where the request goes; all outlive the upgrade.
  struct Aim {
    const route::Snapshot& snapshot;
    const route::Domain& domain;
    const route::Pool& pool;  // of one of its routes
  };

  Upgrade(const OriginSide& side, const Aim& aim, const Asked& asked, Handler& handler);
  Upgrade(const Upgrade&) = delete;
  Upgrade& operator=(const Upgrade&) = delete;
  ~Upgrade();

  // One of the callbacks comes, now or from the loop; each may destroy the upgrade.
  void start();

  // Where the last attempt went.
  net::Address address() const { return address_; }
  bool tls() const { return target_.tls; }
  // The server of the pool that gave the 101; null: a redirect has led to somebody else.
  route::Backend* backend() const {
    return position_ >= order_.size() ? nullptr : server().backend.get();
  }
  // The last attempt went where the pool itself sends requests, and its outcome was counted for
  // that server. Where a redirect has led to another port or host, no server answers for it: what
  // an answer names may be the client's choice.
  bool is_at_home() const { return position_ < order_.size() && !elsewhere_; }
  // Of all attempts.
  net::Volume moved() const;
  // An origin was connected to and got the request.
  bool was_asked() const { return asked_once_ || (attempt_ && attempt_->was_asked()); }
  // At other servers and addresses, those that were only connected to included.
  uint32_t retries() const { return retries_ + (attempt_ ? attempt_->retries() : 0); }
  // What went wrong on the way, "10.0.0.5:8080: connection refused; …", for the log alone.
  const std::string& setbacks();

 private:
  static constexpr size_t kMaxSetbacks = 1024;  // bytes

  void on_attempt_upgraded(Upgraded upgraded, const proto::http1::ResponseHead& head) override;
  void on_attempt_answered(Attempt::Answer answer) override;
  void on_attempt_failed(outcome::Failure failure) override;

  const route::Server& configured() const { return pool_.servers[order_[position_]]; }
  const route::Server& server() const { return elsewhere_ ? *elsewhere_ : configured(); }
  route::Backend* server_backend() const { return configured().backend.get(); }
  std::chrono::milliseconds now() const { return side_.loop.now(); }

  bool find_server();  // from position_ on: one that may be asked
  void turn_to_server();
  void aim_home();
  void ask();
  void end_attempt();
  void note_way();
  proto::auth::Authorizer* authorizer();  // null: no credentials are sent where this goes
  std::optional<std::string> authorization();
  proto::auth::Request signed_request() const;
  void learn_host();
  bool authenticate(const Attempt::Answer& answer);  // false: it is the end, told
  void redirect(Attempt::Answer answer);
  void go_to(const origin::Place& place, origin::Redirected where);
  void leave_for(const origin::Place& place, origin::Redirected where);
  route::Server member_at(const origin::Place& place) const;
  uint32_t retries_left() const;
  bool may_retry();
  bool try_again();
  bool try_next();
  void give_last();
  void settle(const origin::Outcome& outcome);
  void note(const std::string& what);
  void pass_on(Attempt::Answer answer);
  void fail(outcome::Cause cause, std::string why);

  OriginSide side_;
  const route::Snapshot& snapshot_;
  const route::Domain& domain_;
  const route::Pool& pool_;
  const config::Origin& settings_;
  Asked asked_;
  Handler& handler_;
  std::vector<size_t> order_;  // of pool_.servers
  size_t position_ = 0;
  // Where a redirect has led, with its port and, for a server of the pool, its backend; nothing:
  // configured(), as the pool chose it.
  std::optional<route::Server> elsewhere_;
  bool foreign_ = false;  // and that is not the domain's own
  origin::Target target_;
  std::string host_;     // the Host field
  origin::Place place_;  // the URL that is asked for
  origin::Place home_;   // the one that our own server was asked for first
  std::string door_;     // scheme and authority of place_
  origin::RedirectTrail trail_;
  proto::auth::Attempt authentication_;
  std::vector<net::Address> tried_;  // of this server
  std::optional<outcome::Failure> last_failure_;
  std::optional<Attempt::Answer> last_answer_;  // a 5xx, in place of a failure
  net::Address address_;
  net::Volume moved_;        // of attempts that are over
  uint32_t retries_ = 0;     // of attempts that are over
  size_t noted_ = 0;         // setbacks of this attempt that are in the log's text
  bool asked_once_ = false;  // by an attempt that is over
  bool fresh_ = false;       // no warm connection: the last one was stale
  std::string setbacks_;
  origin::AttemptToken token_;
  std::unique_ptr<Attempt> attempt_;
};

}  // namespace gateway::session
