#include "gateway/origin/pool_state.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "gateway/origin/request_values.h"

namespace gateway::origin {

namespace {

std::string_view key_text(const config::HashOn& on, const proto::http1::RequestHead& head,
                          const proto::http1::Target& target) {
  switch (on.source) {
    case config::HashOn::Source::client_ip:
      break;
    case config::HashOn::Source::header:
      return head.fields.first(on.name).value_or("");
    case config::HashOn::Source::cookie:
      return first_cookie(head.fields, on.name);
    case config::HashOn::Source::query:
      return first_in_query(target.query, on.name);
  }
  return {};
}

}  // namespace

uint64_t hash_key(const config::HashOn& on, const proto::http1::RequestHead& head,
                  const proto::http1::Target& target, const net::Address& client) {
  const std::string_view text = key_text(on, head, target);
  return text.empty() ? hash_of(client.host()) : hash_of(text);
}

PoolState::PoolState(uint64_t seed) : balancer_(seed) {}

std::vector<size_t> PoolState::order(const route::Pool& pool, const Choice& choice,
                                     milliseconds now) {
  align(pool);
  if (!observe(now)) {
    // Only ejected ones are left: what they did is better than nothing.
    for (Member& one : members_) {
      if (one.backend->up.load(std::memory_order_relaxed)) lift_ejection(*one.backend);
    }
    observe(now);
  }
  std::vector<size_t> order;
  if (choice.server) put_first(*choice.server, order);
  Members group;
  for (size_t i = 0; i < members_.size(); ++i) {
    const bool last = i + 1 == members_.size() || members_[i + 1].priority != members_[i].priority;
    if (members_[i].usable && members_[i].weight > 0 && !members_[i].ordered)
      group.push_back(&members_[i]);
    if (!last) continue;
    append(pool, choice, now, group, order);
    group.clear();
  }
  // A server on trial that was not picked first is tried last.
  for (const Member& one : members_) {
    if (one.usable && one.weight > 0 && !one.ordered) order.push_back(one.index);
  }
  return order;
}

// Where the client belongs, also when the operator sends nobody else there.
void PoolState::put_first(size_t server, std::vector<size_t>& order) {
  const auto found = std::ranges::find(members_, server, &Member::index);
  if (found == members_.end() || !found->usable) return;
  found->ordered = true;
  order.push_back(server);
}

void PoolState::append(const route::Pool& pool, const Choice& choice, milliseconds now,
                       Members& group, std::vector<size_t>& order) {
  const bool choosing = order.empty();
  const auto on_trial = [](const Member* one) { return one->state == ServerState::on_trial; };
  std::erase_if(group, [&](const Member* one) {
    return on_trial(one) && (!choosing || !trial_is_free(*one->backend, now));
  });
  if (group.empty()) return;
  if (choice.place) {
    Balancer::rank_by_place(group, *choice.place);
  } else if (choice.server && !choosing) {
    balancer_.rank_others(pool.settings().balance, group, choice.key);
  } else {
    balancer_.rank(pool.settings().balance, group, choice.key);
  }
  for (size_t i = 0; i < group.size(); ++i) {
    if (on_trial(group[i]) && i > 0) continue;
    order.push_back(group[i]->index);
    group[i]->ordered = true;
  }
}

// False: nobody serves.
bool PoolState::observe(milliseconds now) {
  bool served = false;
  for (Member& one : members_) {
    const route::Backend& backend = *one.backend;
    const bool up = backend.up.load(std::memory_order_relaxed);
    one.state = state_of(backend, now);
    one.usable = up && one.state != ServerState::ejected;
    one.ordered = false;
    one.load = backend.load();
    one.expected_us = expected_us(backend, now);
    one.asked = backend.attempts.load(std::memory_order_relaxed) > 0;
    served = served || (up && one.weight > 0 && one.state == ServerState::serving);
  }
  return served;
}

bool PoolState::aligned(const route::Pool& pool) const {
  return members_.size() == pool.servers.size() &&
         std::ranges::all_of(members_, [&pool](const Member& one) {
           const route::Server& server = pool.servers[one.index];
           return server.backend == one.backend && server.weight == one.weight &&
                  server.priority == one.priority;
         });
}

void PoolState::align(const route::Pool& pool) {
  if (aligned(pool)) return;
  std::vector<Member> next;
  next.reserve(pool.servers.size());
  for (size_t i = 0; i < pool.servers.size(); ++i) {
    const route::Server& server = pool.servers[i];
    Member member{.backend = server.backend,
                  .index = i,
                  .priority = server.priority,
                  .weight = server.weight,
                  .identity = hash_of(server.backend->name())};
    const auto known = std::ranges::find(members_, server.backend, &Member::backend);
    // Whoever is new begins somewhere, or all workers would send their first session to the same
    // server.
    member.credit = known != members_.end()
                        ? known->credit
                        : static_cast<int64_t>(balancer_.random() % (server.weight + 1));
    next.push_back(std::move(member));
  }
  std::ranges::stable_sort(next, {}, &Member::priority);
  members_ = std::move(next);
}

PoolState& PoolStates::of(const route::Pool& pool) {
  const auto found = pools_.find(pool.label);
  if (found != pools_.end()) return found->second;
  return pools_.emplace(pool.label, PoolState(seed_ ^ hash_of(pool.label))).first->second;
}

void PoolStates::use(const route::Change& change) {
  for (const auto& [before, now] : change.pools) {
    if (now == nullptr) pools_.erase(before->label);
  }
}

}  // namespace gateway::origin
