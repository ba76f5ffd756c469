// The journey of one request to an answer: which server is asked, and whether another one is asked
// after it. The one place where what came of an attempt is settled with the state of the pool.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/origin/attempt.h"
#include "gateway/origin/authenticator.h"
#include "gateway/origin/destination.h"
#include "gateway/origin/ejection.h"
#include "gateway/origin/in_use_count.h"
#include "gateway/origin/pool_state.h"
#include "gateway/origin/question.h"
#include "gateway/origin/redirects.h"
#include "gateway/origin/trail.h"
#include "gateway/route/domain.h"

namespace gateway::origin {

// What a worker lends to its journeys; outlives them.
struct WorkerContext {
  net::Loop& loop;
  net::dns::Resolver& resolver;
  PoolStates& pools;
  Authenticator& authenticator;
  OriginPaths& paths;
};

//  ready ──▶ asking ──taken, answered, nothing left to try──▶ told (question)
//              │  ▲
//              └──┘ with credentials, where a redirect leads, at the next address or server
//
// Tells its question once. Destroying it before gives up, and holds nothing against anybody.
class Journey final : private Attempt::Handler {
 public:
  // Where the request goes; both outlive the journey.
  struct Aim {
    const route::Domain& domain;
    const route::Pool& pool;  // of one of its routes
  };

  Journey(const WorkerContext& worker, const Aim& aim, Question& question);
  Journey(const Journey&) = delete;
  Journey& operator=(const Journey&) = delete;
  ~Journey();

  // The question is told, now or from the loop.
  void start();

  // Of a question that keeps the time itself, between on_asked() and its end: the answer is waited
  // for no longer.
  void give_up(std::string why);

  // What has been said and heard by now, to and from that server last; null: none of the pool's.
  const net::Volume& moved() const { return trail_.moved; }
  const route::Backend* asked_server() const { return under_way_.backend(); }
  // With all that has come to pass by now.
  const Trail& trail();
  // The same, for whoever outlives the journey.
  Trail take_trail();
  // A failure has been counted for a server of the pool.
  bool is_at_home() const { return position_ < order_.size() && destination_.is_home(); }

 private:
  enum class Stage : uint8_t { ready, asking, told };

  std::string on_attempt_connected(uint16_t port) override;
  bool on_attempt_yielding(int status) override;
  void on_attempt_taken(Taken taken) override;
  void on_attempt_answered(Answer answer, Verdict verdict) override;
  void on_attempt_failed(outcome::Failure failure) override;

  std::chrono::milliseconds now() const { return worker_.loop.now(); }
  void advance(Stage next);

  bool find_server(size_t position);
  void turn_to_server();
  void ask_anew();
  void ask_again();
  void ask(bool another_address);

  proto::auth::Authorizer* authorizer();  // null: no credentials are sent where this goes
  proto::auth::Request signed_request(const std::string& door) const;
  void authenticate(const Answer& answer);
  void redirect(Answer answer);
  void fail_over(Answer answer);

  void count(outcome::Failure failure);
  bool retry(outcome::RetryWhy why);
  bool may_retry();
  bool ask_next_server(outcome::RetryWhy why);

  StickyChoice::Told tell_sticky(const proto::http1::ResponseHead& head);
  void note_end();  // of an attempt
  void note(const std::string& what);
  void settle(const Outcome& outcome);
  void give_last();
  void pass_on(Answer answer);
  void fail(outcome::Cause cause, std::string why);
  void tell(outcome::Failure failure);

  WorkerContext worker_;
  const route::Domain& domain_;
  const route::Pool& pool_;
  const config::Origin& settings_;
  Question& question_;
  Stage stage_ = Stage::ready;
  std::vector<size_t> order_;  // of pool_.servers
  size_t position_ = 0;
  Destination destination_;
  RedirectChain redirects_;
  StickyChoice sticky_;
  proto::auth::Negotiation authentication_;
  Trail trail_;
  size_t tried_before_ = 0;  // this attempt: what it tries anew may be asked again
  bool fresh_ = false;       // no warm connection: the last one was stale
  std::optional<outcome::Failure> last_failure_;
  std::unique_ptr<Answer> last_answer_;  // a 5xx, in place of a failure
  AttemptCount under_way_;
  std::unique_ptr<Attempt> attempt_;
};

}  // namespace gateway::origin
