#include "gateway/origin/ejection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "gateway/config/units.h"
#include "gateway/log/log.h"

namespace gateway::origin {

using outcome::Blame;
using outcome::Cause;
using outcome::Failure;
using outcome::Retry;
using Kind = Outcome::Kind;

namespace {

// A trial whose outcome nobody reports must not keep a server away for ever.
constexpr milliseconds kTrialPatience{10'000};
// A figure halves in this time without a new one.
constexpr milliseconds kHalfLife{10'000};
// What a new figure counts at least against all those before it; the older those, the more.
constexpr double kLeastShare = 0.125;

constexpr auto kRelaxed = std::memory_order_relaxed;

Cause cause_of(Kind kind) {
  switch (kind) {
    case Kind::upgraded:
    case Kind::refused:
    case Kind::status_5xx:
    case Kind::abandoned:
      return Cause::origin_refused_upgrade;
    case Kind::connect_failed:
      return Cause::origin_connect;
    case Kind::tls_failed:
      return Cause::origin_tls;
    case Kind::timed_out:
      return Cause::origin_timeout;
    case Kind::bad_answer:
      return Cause::origin_bad_upgrade;
  }
  return Cause::internal;
}

// Of a failure that is the server's.
Kind kind_of(Cause cause) {
  if (cause == Cause::origin_tls) return Kind::tls_failed;
  if (cause == Cause::origin_timeout) return Kind::timed_out;
  if (cause == Cause::origin_bad_upgrade || cause == Cause::origin_bad_response)
    return Kind::bad_answer;
  if (cause == Cause::origin_auth || cause == Cause::origin_redirect) return Kind::refused;
  return Kind::connect_failed;
}

bool is_failure(Kind kind) {
  return kind != Kind::upgraded && kind != Kind::refused && kind != Kind::abandoned;
}

void measure(route::Backend& backend, microseconds took, milliseconds now) {
  const auto sample = static_cast<double>(
      std::clamp<int64_t>(took.count(), 1, std::numeric_limits<uint32_t>::max()));
  const uint32_t before = backend.smoothed_us.load(kRelaxed);
  double smoothed = sample;
  if (before != 0) {
    const auto age = static_cast<double>(now.count() - backend.measured_at.load(kRelaxed));
    const double faded = 1 - std::exp2(-age / static_cast<double>(kHalfLife.count()));
    double share = std::clamp(faded, kLeastShare, 1.0);
    // Twice as much is a change rather than noise. Who has become fast is asked next, and corrected
    // where that was luck.
    if (sample > 2.0 * before) share = std::max(share, 0.5);
    if (2 * sample < before) share = 1;
    smoothed = before + share * (sample - before);
  }
  backend.smoothed_us.store(static_cast<uint32_t>(std::max(smoothed, 1.0)), kRelaxed);
  backend.measured_at.store(now.count(), kRelaxed);
}

void succeed(route::Backend& backend) {
  backend.failures_in_a_row.store(0, kRelaxed);
  if (backend.ejected_until.load(kRelaxed) == 0) return;
  if (backend.ejected_until.exchange(0, kRelaxed) == 0) return;
  log::say(log::Level::info, "origin " + backend.name() + " of " + backend.domain() +
                                 " gets its share again: an attempt succeeded");
}

bool others_serve(const route::Pool& pool, size_t server, milliseconds now) {
  for (size_t i = 0; i < pool.servers.size(); ++i) {
    const route::Backend* other = pool.servers[i].backend.get();
    if (i != server && pool.servers[i].weight > 0 && other != nullptr && other->up.load(kRelaxed) &&
        state_of(*other, now) == ServerState::serving)
      return true;
  }
  return false;
}

void eject(route::Backend& backend, const config::Ejection& settings, Cause cause,
           milliseconds now) {
  int64_t before = backend.ejected_until.load(kRelaxed);
  // Another worker that has come to the same conclusion has said so already.
  if (before > now.count()) return;
  const int64_t until = (now + settings.time).count();
  if (!backend.ejected_until.compare_exchange_strong(before, until, kRelaxed)) return;
  backend.ejections.fetch_add(1, kRelaxed);
  log::say(log::Level::warning,
           "origin " + backend.name() + " of " + backend.domain() + " is left out for " +
               config::format_duration(settings.time) + ": " +
               std::to_string(backend.failures_in_a_row.load(kRelaxed)) +
               " attempts failed in a row, the last: " +
               (cause == Cause::origin_refused_upgrade ? "it answered 5xx"
                                                       : std::string(to_string(cause))));
}

}  // namespace

Outcome outcome_of(const Failure& failure) {
  switch (failure.blame) {
    case Blame::server:
      // Every address of it has had its say already.
      if (failure.retry == Retry::next_only) return {.kind = Kind::abandoned};
      return {.kind = kind_of(failure.cause), .cause = failure.cause};
    case Blame::proxy:
      return {.kind = Kind::abandoned, .cause = failure.cause};
    case Blame::us:
    case Blame::network:
    case Blame::client:
      break;
  }
  return {.kind = Kind::abandoned};
}

ServerState state_of(const route::Backend& backend, milliseconds now) {
  const int64_t until = backend.ejected_until.load(kRelaxed);
  if (until == 0) return ServerState::serving;
  return until > now.count() ? ServerState::ejected : ServerState::on_trial;
}

bool trial_is_free(const route::Backend& backend, milliseconds now) {
  return backend.trial_until.load(kRelaxed) <= now.count();
}

bool begin_trial(route::Backend& backend, milliseconds now) {
  int64_t until = backend.trial_until.load(kRelaxed);
  if (until > now.count()) return false;
  return backend.trial_until.compare_exchange_strong(until, (now + kTrialPatience).count(),
                                                     kRelaxed);
}

void report(const route::Pool& pool, size_t server, const Outcome& outcome, milliseconds now) {
  if (server >= pool.servers.size() || !pool.servers[server].backend) return;
  route::Backend& backend = *pool.servers[server].backend;
  const ServerState state = state_of(backend, now);
  const bool failed = is_failure(outcome.kind);
  const Cause cause = outcome.cause.value_or(cause_of(outcome.kind));
  if (failed || outcome.cause) backend.failures[static_cast<size_t>(cause)].fetch_add(1, kRelaxed);
  if (outcome.kind == Kind::upgraded && outcome.took.count() > 0)
    measure(backend, outcome.took, now);
  if (failed) {
    const uint32_t failures = backend.failures_in_a_row.fetch_add(1, kRelaxed) + 1;
    const auto& settings = pool.settings().ejection;
    const bool due = settings && (failures >= settings->failures || state == ServerState::on_trial);
    if (due && others_serve(pool, server, now)) eject(backend, *settings, cause, now);
  } else if (outcome.kind != Kind::abandoned) {
    succeed(backend);
  }
  // Only now: between the end of a trial and its verdict another one would begin.
  if (state == ServerState::on_trial) backend.trial_until.store(0, kRelaxed);
}

void lift_ejection(route::Backend& backend) {
  if (backend.ejected_until.load(kRelaxed) == 0) return;
  if (backend.ejected_until.exchange(0, kRelaxed) == 0) return;
  log::say(log::Level::warning, "origin " + backend.name() + " of " + backend.domain() +
                                    " gets its share again: no other server is left");
}

void pardon(route::Backend& backend) {
  backend.failures_in_a_row.store(0, kRelaxed);
  backend.ejected_until.store(0, kRelaxed);
}

uint32_t expected_us(const route::Backend& backend, milliseconds now) {
  const uint32_t smoothed = backend.smoothed_us.load(kRelaxed);
  const int64_t age = now.count() - backend.measured_at.load(kRelaxed);
  const int64_t halvings = age / kHalfLife.count();
  if (halvings <= 0) return smoothed;
  return halvings >= 32 ? 0 : smoothed >> halvings;
}

}  // namespace gateway::origin
