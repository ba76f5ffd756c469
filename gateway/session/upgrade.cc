#include "gateway/session/upgrade.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "gateway/session/passed_answer.h"

namespace gateway::session {

using origin::Outcome;
using origin::Redirected;
using outcome::Cause;
using outcome::Retry;

namespace {

constexpr int kUnauthorized = 401;
constexpr const char* kUnfinished = ", its body did not end";

// The URL that a request with this Host and target asks for.
origin::Place place_of(const origin::Target& target, std::string_view host,
                       std::string_view path_and_query) {
  origin::Place place{.tls = target.tls, .host = {}, .port = std::nullopt};
  if (const auto authority = proto::http1::parse_authority(host)) {
    place.host = authority->host;
    place.port = authority->port;
  }
  place.path_and_query = path_and_query;
  return place;
}

bool is_same_door(const origin::Place& a, const origin::Place& b) {
  return a.host == b.host && a.tls == b.tls && a.effective_port() == b.effective_port();
}

// Who is asked where a redirect leads to a host that is none of the domain's.
route::Server stranger_at(const origin::Place& place) {
  return {.host = origin::bare_host(place.host),
          .port = place.effective_port(),
          .address = net::Address::parse(place.host, 0),
          .backend = nullptr};
}

}  // namespace

Upgrade::Upgrade(const OriginSide& side, const Aim& aim, const Asked& asked, Handler& handler)
    : side_(side),
      snapshot_(aim.snapshot),
      domain_(aim.domain),
      pool_(aim.pool),
      settings_(pool_.settings()),
      asked_(asked),
      handler_(handler),
      trail_(settings_.max_redirects) {}

Upgrade::~Upgrade() {
  if (attempt_) settle({.kind = Outcome::Kind::abandoned});
}

void Upgrade::start() {
  origin::PoolState& pool = side_.pools.of(pool_);
  pool.retries().count_request(now());
  const bool hashed = settings_.balance == config::Origin::Balance::hash;
  order_ = pool.order(pool_,
                      {.key = hashed ? origin::hash_key(settings_.hash_on, asked_.head,
                                                        asked_.target, asked_.client)
                                     : 0},
                      now());
  if (!find_server()) {
    fail(Cause::origin_down, "no server of the origin is up");
    return;
  }
  turn_to_server();
}

bool Upgrade::find_server() {
  for (; position_ < order_.size(); ++position_) {
    route::Backend& backend = *server_backend();
    if (origin::standing_of(backend, now()) != origin::Standing::on_trial ||
        origin::begin_trial(backend, now()))
      return true;
  }
  return false;
}

void Upgrade::turn_to_server() {
  fresh_ = false;
  tried_.clear();
  authentication_ = {};
  trail_ = origin::RedirectTrail(settings_.max_redirects);
  aim_home();
  ask();
}

void Upgrade::aim_home() {
  elsewhere_.reset();
  foreign_ = false;
  target_ = origin::choose_target(settings_, configured(), asked_.client_tls);
  host_ = origin::host_header(settings_, configured(), target_,
                              asked_.head.fields.first("Host").value_or(""));
  home_ = place_ = place_of(target_, host_, asked_.target.path_and_query);
}

void Upgrade::ask() {
  end_attempt();
  door_ = (place_.tls ? "https://" : "http://") + origin::authority_of(place_);
  const bool own_host = !elsewhere_ && settings_.host_header == config::Origin::Host::origin;
  token_ = origin::AttemptToken(server().backend.get());
  attempt_ = std::make_unique<Attempt>(side_, snapshot_, asked_,
                                       Attempt::Plan{.pool = pool_,
                                                     .server = server(),
                                                     .target = target_,
                                                     .host = host_,
                                                     .host_is_server = own_host,
                                                     .path_and_query = place_.path_and_query,
                                                     .authorization = authorization(),
                                                     .fresh = fresh_,
                                                     .foreign = foreign_,
                                                     .tried = tried_,
                                                     .most_retries = retries_left()},
                                       *this);
}

void Upgrade::end_attempt() {
  token_ = {};
  noted_ = 0;
  if (!attempt_) return;
  asked_once_ = asked_once_ || attempt_->was_asked();
  retries_ += attempt_->retries();
  moved_.in += attempt_->moved().in;
  moved_.out += attempt_->moved().out;
  attempt_.reset();
}

net::Volume Upgrade::moved() const {
  net::Volume all = moved_;
  if (attempt_) {
    all.in += attempt_->moved().in;
    all.out += attempt_->moved().out;
  }
  return all;
}

proto::auth::Request Upgrade::signed_request() const {
  return {.method = "GET",
          .uri = place_.path_and_query,
          .basic_allowed = target_.tls || settings_.auth->allow_basic_plaintext,
          .server = door_};
}

proto::auth::Authorizer* Upgrade::authorizer() {
  return foreign_ ? nullptr : side_.authenticator.of(pool_, server());
}

std::optional<std::string> Upgrade::authorization() {
  proto::auth::Authorizer* const ours = authorizer();
  return ours == nullptr ? std::nullopt : ours->authorize(signed_request(), authentication_);
}

void Upgrade::on_attempt_upgraded(Upgraded upgraded, const proto::http1::ResponseHead& head) {
  note_way();
  if (auto* const ours = authorizer()) ours->answered(head.fields, authentication_);
  address_ = upgraded.address;
  target_ = attempt_->target();
  settle({.kind = Outcome::Kind::upgraded, .took = attempt_->lasted()});
  handler_.on_upgraded(std::move(upgraded));
}

void Upgrade::on_attempt_answered(Attempt::Answer answer) {
  note_way();
  address_ = answer.address;
  learn_host();
  const int status = answer.head.status;
  if (answer.unfinished) note("answered " + std::to_string(status) + kUnfinished);
  if (status == kUnauthorized && settings_.auth && !foreign_) {
    if (authenticate(answer)) ask();
    return;
  }
  if (auto* const ours = authorizer()) ours->answered(answer.head.fields, authentication_);
  if (settings_.max_redirects > 0 && origin::is_redirect(status, answer.head.fields)) {
    redirect(std::move(answer));
    return;
  }
  // Whoever sends a status and then holds its body back has answered, and the next server would be
  // asked a second too late.
  if (status < 500 || answer.unfinished) {
    settle({.kind = Outcome::Kind::refused});
    pass_on(std::move(answer));
    return;
  }
  note("answered " + std::to_string(status));
  settle({.kind = Outcome::Kind::status_5xx});
  last_answer_ = std::move(answer);
  if (!try_again()) pass_on(std::move(*last_answer_));
}

// The Host that was sent names the port that answered, and the answer may refer to it.
void Upgrade::learn_host() {
  if (host_ == attempt_->host()) return;
  host_ = attempt_->host();
  home_ = place_ = place_of(target_, host_, place_.path_and_query);
}

bool Upgrade::authenticate(const Attempt::Answer& answer) {
  const auto problem =
      authorizer()->challenged(answer.head.fields, signed_request(), authentication_);
  if (!problem) return true;
  settle({.kind = Outcome::Kind::refused, .cause = Cause::origin_auth});
  note(*problem);
  fail(Cause::origin_auth, "the origin asks for credentials that it is not given");
  return false;
}

void Upgrade::redirect(Attempt::Answer answer) {
  settle({.kind = Outcome::Kind::refused});
  if (answer.head.fields.count("Location") != 1) {
    fail(Cause::origin_redirect, "the origin redirects without a Location, or with several");
    return;
  }
  const auto place = origin::resolve_location(place_, *answer.head.fields.first("Location"));
  if (!place) {
    fail(Cause::origin_redirect, "the origin's Location leads nowhere: " + place.error());
    return;
  }
  const bool stays = is_same_door(*place, place_) || is_same_door(*place, home_);
  const Redirected where =
      stays ? Redirected::own
            : origin::judge_host(domain_.config->names, settings_, home_.host, *place);
  if (where == Redirected::foreign) {
    note("redirects to " + origin::authority_of(*place) +
         ", which is neither in redirect_hosts nor a port of the origin's");
    pass_on(std::move(answer));
    return;
  }
  if (const auto problem = trail_.step(place_, *place)) {
    // Without its query, which may hold a secret.
    const std::string path = place->path_and_query.substr(0, place->path_and_query.find('?'));
    note("redirects to " + origin::authority_of(*place) + path);
    fail(Cause::origin_redirect, *problem);
    return;
  }
  go_to(*place, where);
}

void Upgrade::go_to(const origin::Place& place, Redirected where) {
  if (is_same_door(place, home_)) {
    aim_home();
  } else if (!is_same_door(place, place_)) {
    leave_for(place, where);
  }
  place_ = place;
  tried_.clear();
  authentication_ = {};
  ask();
}

void Upgrade::leave_for(const origin::Place& place, Redirected where) {
  foreign_ = where == Redirected::listed;
  route::Server next = foreign_ ? stranger_at(place) : member_at(place);
  target_ = {.tls = place.tls, .port = *next.port};
  elsewhere_ = std::move(next);
  host_ = origin::authority_of(place);
}

// The server that was asked, where it listens at that port, else the first of the pool that does.
route::Server Upgrade::member_at(const origin::Place& place) const {
  const auto port_of = [&](const route::Server& one) {
    return origin::port_at(settings_, one.port, place);
  };
  const route::Server* member = &configured();
  if (!port_of(*member)) {
    const auto found = std::ranges::find_if(
        pool_.servers, [&](const route::Server& one) { return port_of(one).has_value(); });
    assert(found != pool_.servers.end());  // judge_host has seen one
    member = &*found;
  }
  route::Server next = *member;
  next.port = port_of(*member);
  return next;
}

void Upgrade::on_attempt_failed(outcome::Failure failure) {
  address_ = attempt_->address();
  if (attempt_->was_asked()) {
    note_way();
  } else {
    // What failed before there was a connection is in the failure's own words.
    noted_ = attempt_->setbacks().size();
  }
  if (attempt_->met_stale_connection()) {
    fresh_ = true;
    ask();
    return;
  }
  if (failure.retry == Retry::next_only && (last_answer_ || last_failure_)) {
    if (try_next()) return;
    --retries_;  // there was none
    give_last();
    return;
  }
  note(failure.detail.empty() ? failure.why : failure.why + " (" + failure.detail + ")");
  settle(origin::outcome_of(failure));
  last_answer_.reset();
  last_failure_ = failure;
  if (failure.retry != Retry::no && try_again()) return;
  give_last();
}

// At the next address of the same name, then at the next server.
bool Upgrade::try_again() {
  const bool another_address = !foreign_ && attempt_->has_other_address();
  const bool another_server = !foreign_ && position_ + 1 < order_.size();
  if ((!another_address && !another_server) || !may_retry()) return false;
  ++retries_;
  if (another_address) {
    tried_ = attempt_->tried();
    ask();
    return true;
  }
  if (try_next()) return true;
  --retries_;  // those that are left are on trial, and others have theirs
  return false;
}

uint32_t Upgrade::retries_left() const {
  return settings_.retries.attempts - std::min(retries(), settings_.retries.attempts);
}

bool Upgrade::may_retry() {
  return retries_left() > 0 && now() < asked_.began + settings_.establish_timeout &&
         side_.pools.of(pool_).retries().take_retry(settings_.retries.budget_percent, now());
}

bool Upgrade::try_next() {
  const size_t before = std::exchange(position_, position_ + 1);
  if (find_server()) {
    turn_to_server();
    return true;
  }
  position_ = before;
  return false;
}

// Of all that went wrong the last is what is told.
void Upgrade::give_last() {
  if (last_answer_) {
    pass_on(std::move(*last_answer_));
    return;
  }
  const outcome::Failure told = *last_failure_;
  handler_.on_upgrade_failed(told);
}

void Upgrade::settle(const Outcome& outcome) {
  if (is_at_home()) origin::report(pool_, order_[position_], outcome, now());
}

const std::string& Upgrade::setbacks() {
  note_way();
  return setbacks_;
}

// What went wrong before the connection that stands, or is still sought.
void Upgrade::note_way() {
  if (!attempt_) return;
  const std::vector<std::string>& met = attempt_->setbacks();
  for (; noted_ < met.size(); ++noted_) note(met[noted_]);
}

void Upgrade::note(const std::string& what) {
  if (setbacks_.size() + what.size() > kMaxSetbacks) return;
  if (!setbacks_.empty()) setbacks_ += "; ";
  setbacks_ +=
      (server().port ? origin::authority_of(server().host, *server().port) : server().host) + ": " +
      what;
}

void Upgrade::pass_on(Attempt::Answer answer) {
  std::string fields =
      passed_fields(answer, {.origin = settings_,
                             .asked = place_,
                             .foreign = foreign_,
                             .client_host = asked_.head.fields.first("Host").value_or(""),
                             .client_tls = asked_.client_tls,
                             .ours = authorizer() != nullptr});
  handler_.on_refused({.status = answer.head.status,
                       .fields = std::move(fields),
                       .body = std::move(answer.body),
                       .address = answer.address,
                       .tls = answer.tls,
                       .unfinished = answer.unfinished});
}

void Upgrade::fail(Cause cause, std::string why) {
  handler_.on_upgrade_failed(
      {.cause = cause, .status = 502, .why = std::move(why), .detail = setbacks_});
}

}  // namespace gateway::session
