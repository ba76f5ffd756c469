#include "gateway/origin/journey.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "gateway/origin/client_fields.h"
#include "gateway/origin/origin_paths.h"

namespace gateway::origin {

using outcome::Cause;
using outcome::Failure;
using outcome::Retry;
using outcome::RetryWhy;

namespace {

// Only these three make a plain request be asked again.
RetryWhy why_retried(int status) {
  if (status == 502) return RetryWhy::answered_502;
  return status == 504 ? RetryWhy::answered_504 : RetryWhy::answered_503;
}

}  // namespace

Journey::Journey(const WorkerContext& worker, const Aim& aim, Question& question)
    : worker_(worker),
      domain_(aim.domain),
      pool_(aim.pool),
      settings_(pool_.settings()),
      question_(question),
      destination_(pool_, {.host = question.asked().head.fields.first("Host").value_or(""),
                           .path_and_query = question.asked().target.path_and_query,
                           .tls = question.asked().client_tls}),
      redirects_(settings_.max_redirects),
      sticky_(pool_,
              {.head = question.asked().head,
               .target = question.asked().target,
               .client = question.asked().client,
               .client_tls = question.asked().client_tls},
              worker.loop.now()) {
  trail_.most_retries = settings_.retries.attempts;
}

Journey::~Journey() {
  if (stage_ == Stage::asking) settle({.kind = Outcome::Kind::abandoned});
}

void Journey::advance(Stage next) {
  assert(next > stage_);
  stage_ = next;
}

void Journey::start() {
  PoolState& pool = worker_.pools.of(pool_);
  pool.retries().count_request(now());
  order_ = pool.order(pool_, sticky_.choice(), now());
  if (!find_server(0)) {
    position_ = order_.size();
    fail(Cause::origin_down, "no server of the origin is up");
    return;
  }
  advance(Stage::asking);
  turn_to_server();
}

// The first from there on that may be asked.
bool Journey::find_server(size_t position) {
  for (; position < order_.size(); ++position) {
    route::Backend& backend = *pool_.servers[order_[position]].backend;
    if (state_of(backend, now()) == ServerState::on_trial && !begin_trial(backend, now())) continue;
    position_ = position;
    return true;
  }
  return false;
}

void Journey::turn_to_server() {
  destination_.aim_at(pool_.servers[order_[position_]]);
  redirects_ = RedirectChain(settings_.max_redirects);
  fresh_ = false;
  ask_anew();
}

// What an earlier attempt has taught says nothing of where this one goes.
void Journey::ask_anew() {
  trail_.tried.clear();
  authentication_ = {};
  ask(false);
}

// The same address may be asked again.
void Journey::ask_again() {
  trail_.tried.resize(tried_before_);
  ask(false);
}

void Journey::ask(bool another_address) {
  if (attempt_) question_.on_asked_in_vain();
  attempt_.reset();
  tried_before_ = trail_.tried.size();
  trail_.address = {};
  under_way_ = AttemptCount(destination_.server().backend.get());
  attempt_ = std::make_unique<Attempt>(
      Attempt::Lent{worker_.loop, worker_.resolver, question_, trail_, *this},
      Connector::Plan{.pool = pool_,
                      .server = destination_.server(),
                      .target = destination_.target(),
                      .tls_name = destination_.tls_name(),
                      .client = client_ends(question_.asked(), settings_),
                      .paths = worker_.paths,
                      .kept = question_.may_use(),
                      .fresh = fresh_,
                      .foreign = destination_.is_foreign(),
                      .another_address = another_address});
}

std::string Journey::on_attempt_connected(uint16_t port) {
  trail_.keep_misses(destination_.server());
  destination_.learn_port(port);
  metrics::Connections& counted = worker_.paths.connections_of(destination_.server());
  (trail_.reused ? counted.reused : counted.made).add(1);
  std::optional<std::string> authorization;
  if (auto* const ours = authorizer()) {
    const std::string door = destination_.door();
    authorization = ours->authorize(signed_request(door), authentication_);
  }
  return question_.request_text({.host = destination_.host(),
                                 .path_and_query = destination_.url().path_and_query,
                                 .authorization = authorization,
                                 .credentials_are_ours = settings_.auth.has_value(),
                                 .foreign = destination_.is_foreign()});
}

proto::auth::Request Journey::signed_request(const std::string& door) const {
  return {.method = question_.method(),
          .uri = destination_.url().path_and_query,
          .basic_allowed = destination_.target().tls || settings_.auth->allow_basic_plaintext,
          .server = door};
}

proto::auth::Authorizer* Journey::authorizer() {
  return destination_.is_foreign() ? nullptr
                                   : worker_.authenticator.of(pool_, destination_.server());
}

bool Journey::on_attempt_yielding(int status) {
  note_end();
  note("answered " + std::to_string(status));
  settle({.kind = Outcome::Kind::refused});
  return retry(why_retried(status));
}

void Journey::on_attempt_taken(Taken taken) {
  constexpr int kSwitchingProtocols = 101;
  note_end();
  trail_.connect = attempt_->connect_time();
  proto::auth::Authorizer* const ours = authorizer();
  if (ours != nullptr) ours->answered(taken.head.fields, authentication_);
  // How long another answer takes is the request's doing: a long poll does not make a server slow.
  if (taken.head.status == kSwitchingProtocols) {
    settle({.kind = Outcome::Kind::upgraded, .took = attempt_->lasted()});
  } else {
    settle({.kind = Outcome::Kind::refused});
  }
  taken.backend = destination_.server().backend.get();
  taken.asked = &destination_.url();
  taken.credentials_are_ours = ours != nullptr;
  taken.sticky = tell_sticky(taken.head);
  advance(Stage::told);
  question_.on_taken(std::move(taken));
}

void Journey::on_attempt_answered(Answer answer, Verdict verdict) {
  note_end();
  proto::auth::Authorizer* const ours = authorizer();
  answer.asked = destination_.url();
  answer.foreign = destination_.is_foreign();
  answer.credentials_are_ours = ours != nullptr;
  answer.sticky_fields = tell_sticky(answer.head).fields;
  if (answer.unfinished)
    note("answered " + std::to_string(answer.head.status) + ", its body did not end");
  if (verdict == Verdict::challenge && ours != nullptr) {
    authenticate(answer);
    return;
  }
  if (ours != nullptr) ours->answered(answer.head.fields, authentication_);
  switch (verdict) {
    case Verdict::redirect:
      if (settings_.max_redirects == 0) break;
      redirect(std::move(answer));
      return;
    case Verdict::failing:
      // Whoever sends a status and then holds its body back has answered, and the next server would
      // be asked a second too late.
      if (answer.unfinished) break;
      fail_over(std::move(answer));
      return;
    case Verdict::taken:
    case Verdict::yielding:
    case Verdict::answered:
    case Verdict::challenge:
      break;
  }
  settle({.kind = Outcome::Kind::refused});
  pass_on(std::move(answer));
}

void Journey::authenticate(const Answer& answer) {
  const std::string door = destination_.door();
  const auto problem =
      authorizer()->challenged(answer.head.fields, signed_request(door), authentication_);
  if (!problem && question_.may_be_asked_anew()) {
    ask_again();
    return;
  }
  settle({.kind = Outcome::Kind::refused, .cause = Cause::origin_auth});
  if (problem) {
    note(*problem);
    fail(Cause::origin_auth, "the origin asks for credentials that it is not given");
  } else {
    fail(Cause::origin_auth,
         "the origin asks for credentials, and the request is not kept to be sent with them: it "
         "may be asked again");
  }
}

void Journey::redirect(Answer answer) {
  settle({.kind = Outcome::Kind::refused});
  if (answer.head.fields.count("Location") != 1) {
    fail(Cause::origin_redirect, "the origin redirects without a Location, or with several");
    return;
  }
  const auto url = resolve_location(answer.asked, *answer.head.fields.first("Location"));
  if (!url) {
    fail(Cause::origin_redirect, "the origin's Location leads nowhere: " + url.error());
    return;
  }
  const Redirected where = destination_.judge(*url, domain_.config->names);
  if (where == Redirected::foreign) {
    note("redirects to " + authority_of(*url) +
         ", which is neither in redirect_hosts nor a port of the origin's");
    pass_on(std::move(answer));
    return;
  }
  if (const auto problem = redirects_.step(answer.asked, *url)) {
    // Without its query, which may hold a secret.
    const std::string path = url->path_and_query.substr(0, url->path_and_query.find('?'));
    note("redirects to " + authority_of(*url) + path);
    fail(Cause::origin_redirect, *problem);
    return;
  }
  destination_.follow(*url, where);
  ask_anew();
}

void Journey::fail_over(Answer answer) {
  const int status = answer.head.status;
  note("answered " + std::to_string(status));
  settle({.kind = Outcome::Kind::status_5xx});
  last_answer_ = std::make_unique<Answer>(std::move(answer));
  if (!retry(why_retried(status))) give_last();
}

void Journey::on_attempt_failed(Failure failure) {
  note_end();
  // They are in the failure's own words.
  trail_.misses.clear();
  if (attempt_->unanswered() == Unanswered::stale) {
    if (trail_.reused) worker_.paths.reuse().count_stale();
    if (question_.may_be_repeated(Unanswered::stale)) {
      fresh_ = true;
      trail_.count_retry(RetryWhy::stale);
      ask_again();
      return;
    }
  }
  const RetryWhy why =
      attempt_->unanswered() == Unanswered::unconnected ? RetryWhy::connect : RetryWhy::no_answer;
  switch (failure.retry) {
    case Retry::next_only:
      // What sent the request away from this server is still the last that it met.
      if (!last_answer_ && !last_failure_) last_failure_ = std::move(failure);
      if (!ask_next_server(why)) give_last();
      return;
    case Retry::elsewhere:
      count(std::move(failure));
      if (!retry(why)) give_last();
      return;
    case Retry::no:
      count(std::move(failure));
      give_last();
      return;
  }
}

void Journey::count(Failure failure) {
  note(failure.detail.empty() ? failure.why : failure.why + " (" + failure.detail + ")");
  Outcome outcome = outcome_of(failure);
  if (!question_.is_held_against_server(attempt_->unanswered()))
    outcome.kind = Outcome::Kind::abandoned;
  settle(outcome);
  last_answer_.reset();
  last_failure_ = std::move(failure);
}

// At the next address of the same name, then at the next server.
bool Journey::retry(RetryWhy why) {
  if (destination_.is_foreign()) return false;
  const bool another_address = attempt_->has_other_address();
  const bool another_server = position_ + 1 < order_.size();
  if ((!another_address && !another_server) || !may_retry()) return false;
  if (!another_address) return ask_next_server(why);
  trail_.count_retry(why);
  ask(true);
  return true;
}

bool Journey::may_retry() {
  return trail_.retries_left() > 0 && now() < question_.patience().until &&
         worker_.pools.of(pool_).retries().take_retry(settings_.retries.budget_percent, now());
}

// False: there is none, or those that are left are on trial and others have theirs.
bool Journey::ask_next_server(RetryWhy why) {
  if (!find_server(position_ + 1)) return false;
  ++trail_.retries;
  trail_.count_retry(why);
  turn_to_server();
  return true;
}

void Journey::give_up(std::string why) { attempt_->give_up(std::move(why)); }

Trail Journey::take_trail() {
  Trail taken = std::move(trail_);
  if (!taken.misses.empty()) taken.keep_misses(destination_.server());
  // Nothing more is tried: a long answer need not keep what was.
  taken.misses = {};
  taken.tried = {};
  return taken;
}

const Trail& Journey::trail() {
  if (!trail_.misses.empty()) trail_.keep_misses(destination_.server());
  return trail_;
}

// Elsewhere, where a redirect has led, nobody stays.
StickyChoice::Told Journey::tell_sticky(const proto::http1::ResponseHead& head) {
  if (!is_at_home()) return {};
  StickyChoice::Told told = sticky_.answered(order_[position_], head);
  trail_.sticky = told.what;
  return told;
}

void Journey::note_end() {
  trail_.address = attempt_->address();
  trail_.tls = destination_.target().tls;
}

void Journey::note(const std::string& what) { trail_.note(destination_.server(), what); }

void Journey::settle(const Outcome& outcome) {
  if (is_at_home()) report(pool_, order_[position_], outcome, now());
}

// Of all that went wrong the last is what is told.
void Journey::give_last() {
  if (last_answer_) {
    pass_on(std::move(*last_answer_));
  } else {
    tell(std::move(*last_failure_));
  }
}

void Journey::pass_on(Answer answer) {
  advance(Stage::told);
  question_.on_answered(std::move(answer));
}

void Journey::fail(Cause cause, std::string why) {
  tell({.cause = cause, .why = std::move(why), .detail = trail_.setbacks});
}

void Journey::tell(Failure failure) {
  advance(Stage::told);
  question_.on_failed(std::move(failure));
}

}  // namespace gateway::origin
