#include "gateway/server/worker.h"

#include <algorithm>
#include <malloc.h>

#include "gateway/server/origins.h"

namespace gateway::server {

using std::chrono::milliseconds;

namespace {

session::Scribe scribe_of(session::Scribe all, size_t worker) {
  all.worker = worker;
  return all;
}

constexpr milliseconds kHousekeeping{500};
constexpr milliseconds kHousekeepingSoon{250};

}  // namespace

void Worker::Housekeeper::on_deadline(milliseconds now) {
  const size_t count = worker_.table_.size() + worker_.clients_.size();
  const size_t most = worker_.table_.take_most() + worker_.clients_.take_most();
  if (need_.look(count, most) && worker_.common_.trim.take_turn(now)) {
    // The allocator keeps what was freed in between; nginx still holds 90 % of its peak here.
    malloc_trim(0);
    need_.trimmed();
  }
  worker_.loop_.wheel().set(*this, now + (need_.pending() ? kHousekeepingSoon : kHousekeeping));
}

void Worker::Timekeeper::on_deadline(milliseconds now) {
  const auto wall =
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  loop_.wheel().set(*this, book_.tick(now, wall));
}

Worker::Worker(size_t index, const Common& common, const route::Change& first)
    : resolver_(loop_, dns_options(first.now->document.resolver), &common.names),
      pools_(index),
      paths_(loop_, resolver_, &common.idle_rooms, &common.own_listeners, index),
      idle_clients_(loop_.wheel(), common.admission),
      lasting_(loop_.wheel()),
      clients_(loop_.retirement()),
      table_(loop_.retirement()),
      common_(common),
      scribe_(scribe_of(common.scribe, index)),
      context_{.loop = loop_,
               .origins = {.loop = loop_,
                           .resolver = resolver_,
                           .pools = pools_,
                           .authenticator = authenticator_,
                           .paths = paths_},
               .sessions = {.wheel = loop_.wheel(),
                            .table = table_,
                            .scribe = scribe_,
                            .figures = common.registry.worker(index),
                            .book = common.metering.meters().book(index),
                            .records = common.metering.records(index),
                            .interim = first.now->document.usage.interim_interval,
                            .worker = index},
               .clients = clients_,
               .idle_clients = idle_clients_,
               .admission = common.admission,
               .snapshot = first.now,
               .unmatched = common.registry.domain(std::string(config::kUnmatched))[index],
               .unmatched_meter =
                   &common.metering.meters().book(index).meter(std::string(config::kUnmatched)),
               .lasting = lasting_},
      housekeeper_(*this),
      timekeeper_(loop_, common.metering.meters().book(index)),
      pacer_(loop_.wheel(), table_, common.registry.worker(index)) {
  loop_.turns().set_name("worker " + std::to_string(index));
  housekeeper_.on_deadline(loop_.now());
  context_.on_opened = [this](const session::Session& session) { pacer_.look_at(session); };
  take(first);
}

Worker::~Worker() {
  if (!thread_.joinable()) return;
  // TLS connections end on the thread that they were made on.
  loop_.post([this] { paths_.rest(); });
  loop_.stop();
  thread_.join();
}

void Worker::add_paths(metrics::PathFacts& to) const {
  const origin::PathFigures& figures = paths_.figures();
  to.no_local_port += figures.no_local_port.value();
  to.warm_taken += figures.warm_taken.value();
  to.warm_missed += figures.warm_missed.value();
  to.warm_idle += figures.warm_idle.value();
  for (size_t i = 0; i < origin::kClosed.size(); ++i)
    to.connections_closed[std::string(origin::kClosed[i])] += figures.reuse_closed[i].value();
}

void Worker::start() {
  thread_ = std::thread([this] { loop_.run(); });
}

void Worker::open(const std::string& key, const std::string& listener, bool tls, net::UniqueFd fd) {
  // A task must be copyable; the descriptor is not.
  auto shared = std::make_shared<net::UniqueFd>(std::move(fd));
  loop_.post([this, key, listener, tls, shared] {
    // One that was closed by a reload may still have connections: it is opened again, never
    // replaced.
    std::unique_ptr<edge::Listener>& known = listeners_[key];
    if (!known) {
      metrics::Listener& counters = *common_.registry.listener(listener)[context_.sessions.worker];
      known = std::make_unique<edge::Listener>(
          context_, edge::Entrance{.name = listener, .tls = tls, .counters = counters});
    }
    known->accept_on(std::move(*shared));
  });
}

void Worker::close(const std::string& key) {
  loop_.post([this, key] {
    const auto found = listeners_.find(key);
    if (found != listeners_.end()) found->second->stop();
  });
}

void Worker::use(std::shared_ptr<const route::Change> change, std::function<void()> taken) {
  loop_.post([this, next = std::move(change), told = std::move(taken)]() mutable {
    context_.snapshot = next->now;
    take(*next);
    next.reset();
    if (told) told();
  });
}

// No more than what has changed: thousands of domains that have not must cost nothing here.
void Worker::take(const route::Change& change) {
  pools_.use(change);
  authenticator_.use(change);
  paths_.use(change);
  const auto close_rate = change.now->document.drain.close_rate;
  const auto workers = static_cast<double>(common_.registry.worker_count());
  pacer_.use(change.now, close_rate ? std::optional(*close_rate / workers) : std::nullopt);
}

void Worker::look_at_sessions() {
  loop_.post([this] { pacer_.look(); });
}

void Worker::drain(const Drain::Plan& plan, std::function<void()> drained) {
  loop_.post([this, plan, done = std::move(drained)] {
    context_.draining = true;
    paths_.rest();
    for (auto& [key, listener] : listeners_) listener->take_no_more();
    drain_.emplace(Drain::Lent{loop_, table_, clients_, idle_clients_, pacer_}, plan,
                   Drain::Steps{.shut_doors = [this] { shut_doors(); }, .drained = done});
  });
}

void Worker::shut_doors() {
  for (auto& [key, listener] : listeners_) listener->stop();
  for (size_t i = clients_.size(); i > 0; --i) clients_.at(i - 1).turn_away();
}

void Worker::abort() {
  loop_.post([this] {
    if (drain_) drain_->abort();
  });
}

}  // namespace gateway::server
