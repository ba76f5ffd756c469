#include "gateway/origin/server_watch.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/log/log.h"
#include "gateway/origin/deny_list.h"
#include "gateway/origin/ejection.h"
#include "proto/base/encoding.h"

namespace gateway::origin {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
// When too many rounds are under way, this one comes a little later.
constexpr milliseconds kBusy{50};

// Within 10 % around the interval, so that the checks of a fleet do not come together.
milliseconds jittered(milliseconds interval) {
  std::array<uint8_t, 2> bytes{};
  proto::random_bytes(bytes);
  const int64_t fraction = bytes[0] * 256 + bytes[1];  // of 65535
  return interval * 9 / 10 + interval * fraction / 65535 / 5;
}

std::string counted(uint32_t number, const char* what) {
  return std::to_string(number) + (number == 1 ? " check " : " checks ") + what;
}

}  // namespace

bool Streak::add(bool passed, const config::Health& settings) {
  length_ = passed == passing_ ? length_ + 1 : 1;
  passing_ = passed;
  if (passed == up_ || length_ < (passed ? settings.rise : settings.fall)) return false;
  up_ = passed;
  return true;
}

ServerWatch::ServerWatch(const Lent& lent, Subject subject, milliseconds first)
    : lent_(lent), current_(std::move(subject)), backend_(server().backend) {
  arm(first);
}

ServerWatch::~ServerWatch() {
  if (running_) --lent_.rounds.running;
  backend_->up.store(true, kRelaxed);
}

void ServerWatch::arm(milliseconds when) {
  due_ = when;
  lent_.loop.wheel().set(*this, when);
}

void ServerWatch::use(Subject subject) {
  const milliseconds interval = subject.pool->settings().health->interval;
  next_ = std::move(subject);
  // A shorter interval need not wait for the end of the longer one.
  if (!running_) arm(std::min(due_, lent_.loop.now() + jittered(interval)));
}

void ServerWatch::on_deadline(milliseconds now) {
  if (lent_.rounds.running >= Rounds::kMost) {
    arm(now + jittered(kBusy));
    return;
  }
  if (next_) current_ = *std::exchange(next_, std::nullopt);
  running_ = true;
  ++lent_.rounds.running;
  incomplete_ = false;
  failure_.clear();
  not_checked_.clear();
  began_ = now;
  const auto& proxy = settings().forward_proxy;
  const bool by_proxy = proxy && !proxy->is_direct(server().host);
  written_ = true;
  if (server().address || by_proxy) {
    plan_round({});
    return;
  }
  const net::dns::Resolver::Life life{.min = settings().resolve.min, .max = settings().resolve.max};
  query_ = lent_.resolver.resolve(
      server().host, life, [this](const net::dns::Resolver::Answer& answer) { resolved(answer); });
}

void ServerWatch::resolved(const net::dns::Resolver::Answer& answer) {
  query_.reset();
  Sifted sifted = sift(server().host, answer, settings().deny_addresses);
  if (!sifted.allowed.empty()) {
    written_ = answer.written;
    plan_round(sifted.allowed);
    return;
  }
  if (!sifted.denied.empty()) {
    failure_ = std::move(sifted.denied);
  } else {
    (answer.ours ? not_checked_ : failure_) = server().host + " is not resolved: " + answer.error;
  }
  end_round();
}

// Where the protocol follows the client's there are two ways to the server, as far as listeners
// offer them; it is up when one of them is open.
void ServerWatch::plan_round(const std::vector<net::Address>& addresses) {
  using Protocol = config::Origin::Protocol;
  checks_.clear();
  const bool follows =
      settings().protocol == Protocol::follow || settings().protocol == Protocol::follow_port;
  const bool tls = lent_.entrances.tls && current_.pool->tls != nullptr;
  if (!follows || !tls || lent_.entrances.plain) plan_target(false, addresses);
  if (follows && tls) plan_target(true, addresses);
  checks_.resize(std::min(checks_.size(), kMaxChecks));
  std::ranges::reverse(checks_);
  if (checks_.empty()) {
    end_round();
    return;
  }
  try_next();
}

// One check for each candidate port and address.
void ServerWatch::plan_target(bool client_tls, const std::vector<net::Address>& addresses) {
  Target target = choose_target(settings(), server(), client_tls);
  const std::vector<uint16_t>& candidates =
      target.tls ? settings().https_ports : settings().http_ports;
  const size_t ports = server().port ? 1 : candidates.size();
  for (size_t i = 0; i < ports; ++i) {
    if (!server().port) target.port = candidates[i];
    if (addresses.empty()) checks_.push_back({target, server().address, i});
    for (net::Address address : addresses) {
      address.set_port(target.port);
      if (!written_ && lent_.paths.is_own_listener(address)) {
        failure_ = address.to_string() + " is a listener of this gateway";
        continue;
      }
      checks_.push_back({target, address, i});
    }
  }
}

void ServerWatch::try_next() {
  planned_ = checks_.back();
  checks_.pop_back();
  route::Server one = server();
  one.address = planned_.address;
  one.port = planned_.target.port;  // this candidate and no other
  check_ = std::make_unique<HealthCheck>(lent_.loop, lent_.resolver,
                                         HealthCheck::Plan{.pool = *current_.pool,
                                                           .server = std::move(one),
                                                           .target = planned_.target,
                                                           .paths = lent_.paths},
                                         *this);
}

void ServerWatch::on_checked(std::string failure) {
  check_.reset();
  if (failure.empty()) {
    passed();
    return;
  }
  failure_ = std::move(failure);
  go_on();
}

// The server is not to blame for what we lack: it keeps the state that it has. Nor is it for an
// address that we have no way to; but where another one has failed, that one is believed.
void ServerWatch::on_not_checked(const outcome::Failure& failure) {
  incomplete_ = incomplete_ || failure.blame == outcome::Blame::us;
  not_checked_ = failure.detail;
  check_.reset();
  go_on();
}

void ServerWatch::go_on() {
  if (!checks_.empty()) {
    try_next();
  } else {
    end_round();
  }
}

void ServerWatch::passed() {
  if (!server().port) {
    auto& answered = planned_.target.tls ? backend_->https_port : backend_->http_port;
    answered.store(static_cast<uint8_t>(planned_.candidate), kRelaxed);
  }
  failure_.clear();
  not_checked_.clear();
  incomplete_ = false;
  end_round();
}

void ServerWatch::end_round() {
  running_ = false;
  --lent_.rounds.running;
  if (incomplete_ || (failure_.empty() && !not_checked_.empty())) {
    tell_not_checked(not_checked_);
  } else {
    told_ = false;
    judge(failure_);
  }
  // A reload may have come meanwhile, and a round may have taken longer than the interval.
  const Subject& next = next_ ? *next_ : current_;
  const milliseconds interval = next.pool->settings().health->interval;
  arm(std::max(began_ + jittered(interval), lent_.loop.now() + interval / 10));
}

void ServerWatch::judge(const std::string& failure) {
  if (!streak_.add(failure.empty(), *settings().health)) return;
  if (streak_.up()) pardon(*backend_);
  backend_->up.store(streak_.up(), kRelaxed);
  tell(failure);
}

void ServerWatch::tell(const std::string& failure) const {
  const std::string who = "origin " + backend_->name() + " of " + backend_->domain();
  if (streak_.up()) {
    log::say(log::Level::info, who + " is up: " + counted(streak_.length(), "passed"));
    return;
  }
  // The reason need not name the server again.
  const std::string own = backend_->name() + ": ";
  log::say(log::Level::warning,
           who + " is down: " + counted(streak_.length(), "failed") +
               ", the last: " + (failure.starts_with(own) ? failure.substr(own.size()) : failure));
}

void ServerWatch::tell_not_checked(const std::string& why) {
  const milliseconds now = lent_.loop.now();
  auto& last = lent_.rounds.told;
  if (told_ || (last && now - *last < Rounds::kTellApart)) return;
  told_ = true;
  last = now;
  log::say(log::Level::warning, "origin " + backend_->name() + " of " + backend_->domain() +
                                    " cannot be checked from here and stays as it was: " + why);
}

}  // namespace gateway::origin
