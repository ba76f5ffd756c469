#include "gateway/net/tls/sessions.h"

#include <algorithm>
#include <ctime>

namespace gateway::net::tls {

namespace {

bool is_single_use(const SSL_SESSION* session) {
  return SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
}

bool is_usable(const SSL_SESSION* session) {
  const int64_t age = std::time(nullptr) - SSL_SESSION_get_time(session);
  const int64_t limit =
      std::min<int64_t>(SSL_SESSION_get_timeout(session), OriginSessions::kMaxAge.count());
  return SSL_SESSION_is_resumable(session) == 1 && age >= 0 && age < limit;
}

// OpenSSL calls the session of a connection unusable that ends without a close_notify, as those of
// a proxy often do; that says nothing about the copy, which no other thread touches, either.
SslSessionPtr copy_of(const SSL_SESSION* session) {
  return SslSessionPtr(SSL_SESSION_dup(session));
}

}  // namespace

uint64_t OriginSessions::new_context() {
  const std::lock_guard lock(mutex_);
  return ++last_context_;
}

void OriginSessions::forget(uint64_t context) {
  const std::lock_guard lock(mutex_);
  auto one = entries_.lower_bound({.context = context, .peer = {}});
  while (one != entries_.end() && one->first.context == context) {
    order_.erase(one->second);
    one = entries_.erase(one);
  }
}

OriginSessions::Entry& OriginSessions::entry(const Key& key) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    order_.splice(order_.begin(), order_, found->second);
    return order_.front();
  }
  if (entries_.size() >= kMaxKeys) {
    entries_.erase(order_.back().key);
    order_.pop_back();
  }
  order_.push_front({.key = key, .sessions = {}});
  entries_[key] = order_.begin();
  return order_.front();
}

void OriginSessions::put(const Key& key, const SSL_SESSION& session) {
  SslSessionPtr copy = copy_of(&session);
  if (copy == nullptr || !is_usable(copy.get())) return;
  const std::lock_guard lock(mutex_);
  std::vector<SslSessionPtr>& sessions = entry(key).sessions;
  // One that can be used again needs no others beside it.
  if (!is_single_use(copy.get())) sessions.clear();
  if (sessions.size() >= kMaxTickets) sessions.erase(sessions.begin());
  sessions.push_back(std::move(copy));
}

SslSessionPtr OriginSessions::take(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second);
  std::vector<SslSessionPtr>& sessions = order_.front().sessions;
  while (!sessions.empty() && !is_usable(sessions.back().get())) sessions.pop_back();
  SslSessionPtr taken;
  if (!sessions.empty() && is_single_use(sessions.back().get())) {
    taken = std::move(sessions.back());
    sessions.pop_back();
  } else if (!sessions.empty()) {
    taken = copy_of(sessions.back().get());
  }
  if (sessions.empty()) {
    order_.pop_front();
    entries_.erase(found);
  }
  return taken;
}

size_t OriginSessions::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace gateway::net::tls
