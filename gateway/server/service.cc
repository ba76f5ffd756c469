#include "gateway/server/service.h"

#include <utility>

#include "gateway/log/log.h"
#include "gateway/server/leaving.h"

namespace gateway::server {

using log::Level;
using log::say;

Service::Service(const Lent& lent, Candidate first, Ports ports, Ports::Change opened)
    : lent_(lent),
      snapshot_(first.change->now),
      named_files_(std::move(first.named_files)),
      rules_(std::move(first.rules)),
      ports_(std::move(ports)),
      common_(lent.process.common()),
      old_(lent.loop, lent.disposal) {
  Process& process = lent_.process;
  // Once it is sure that this process will serve, and before it does: the first upgrade is already
  // judged by what the budgets have left.
  process.metering.use(rules_);
  process.metering.start();
  for (size_t i = 0; i < process.workers(); ++i)
    workers_.push_back(std::make_unique<Worker>(i, common_, *first.change));
  hand_out(opened);
  for (const auto& worker : workers_) worker->start();
  process.origins.use(*first.change);
}

Service::~Service() { workers_.clear(); }

Ports::Change Service::plan(const config::Document& document) {
  return ports_.plan(document.listeners);
}

std::vector<std::string> Service::use(Candidate candidate, Ports::Change change,
                                      std::function<void()> taken) {
  const std::vector<Departing> leave = departing(*candidate.change);
  snapshot_ = candidate.change->now;
  named_files_ = std::move(candidate.named_files);
  rules_ = std::move(candidate.rules);
  hand_over(candidate.change, std::move(taken));
  if (!leave.empty()) look_at_sessions();
  std::vector<std::string> lines = lines_of(leave);
  for (const std::string& line : lines) say(Level::info, line);
  Process& process = lent_.process;
  process.metering.use(rules_);
  process.origins.use(*candidate.change);
  hand_out(change);
  process.use(candidate.limits);
  return lines;
}

void Service::look_at_sessions() {
  for (const auto& worker : workers_) worker->look_at_sessions();
}

void Service::hand_over(const std::shared_ptr<const route::Change>& change,
                        std::function<void()> taken) {
  const uint64_t number = first_turnover_ + turnovers_.size();
  turnovers_.push_back({.change = change, .missing = workers_.size(), .taken = std::move(taken)});
  for (const auto& worker : workers_) {
    worker->use(change,
                [this, number] { lent_.loop.post([this, number] { one_has_taken(number); }); });
  }
}

// Each worker takes them in their order, so the first of them is whole first.
void Service::one_has_taken(uint64_t number) {
  Turnover& turnover = turnovers_[number - first_turnover_];
  if (--turnover.missing > 0) return;
  Turnover whole = std::move(turnover);
  turnovers_.pop_front();
  ++first_turnover_;
  old_.add(whole.change->before);
  lent_.disposal.run(
      [change = std::move(whole.change)]() -> net::SideThread::Done { return nullptr; });
  if (whole.taken) whole.taken();
}

void Service::hand_out(Ports::Change& change) {
  for (const std::string& key : change.closed) {
    for (const auto& worker : workers_) worker->close(key);
    say(Level::info, "closed " + key);
  }
  for (Port& port : change.opened) {
    say(Level::info, "listening listener=" + port.listener +
                         " address=" + port.address.to_string() + (port.tls ? " tls" : ""));
    for (size_t i = 0; i < workers_.size(); ++i)
      workers_[i]->open(port.key, port.listener, port.tls, std::move(port.fds[i]));
  }
  ports_.commit(change);
  std::vector<net::Address> own = {lent_.admin};
  for (const auto& [key, port] : ports_.open()) own.push_back(port.address);
  lent_.process.origins.own_listeners().use(std::move(own));
}

}  // namespace gateway::server
