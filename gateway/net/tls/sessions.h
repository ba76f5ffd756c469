// TLS sessions with origins, for handshakes that cost one round trip and no certificate.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <openssl/ssl.h>

namespace gateway::net::tls {

struct SslSessionFree {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslSessionPtr = std::unique_ptr<SSL_SESSION, SslSessionFree>;

// One for the process, shared by its workers: it outlives the contexts that use it. A resumed
// handshake verifies nothing, so a session stays within the context it was made in, and what that
// has verified: a context that is made anew has new ones. Any thread.
class OriginSessions {
 public:
  static constexpr size_t kMaxKeys = 4'096;  // the least recently used one goes
  static constexpr size_t kMaxTickets = 4;   // of one key, newest first
  // A session outlives its certificate by no more than this, whatever the origin grants.
  static constexpr std::chrono::seconds kMaxAge = std::chrono::hours(1);

  struct Key {
    uint64_t context = 0;
    std::string peer;  // address and name
    auto operator<=>(const Key&) const = default;
  };

  OriginSessions() = default;
  OriginSessions(const OriginSessions&) = delete;
  OriginSessions& operator=(const OriginSessions&) = delete;
  ~OriginSessions() = default;

  // For a new context. Never the same twice.
  uint64_t new_context();
  // Drops what was made in that context.
  void forget(uint64_t context);

  // Keeps a copy, when the session is of any use.
  void put(const Key& key, const SSL_SESSION& session);

  // Null: there is none. A TLS 1.3 ticket is given out once (RFC 8446 §C.4), a TLS 1.2 session as
  // often as it is asked for, each time as a copy of its own.
  [[nodiscard]] SslSessionPtr take(const Key& key);

  size_t size() const;  // keys

 private:
  struct Entry {
    Key key;
    std::vector<SslSessionPtr> sessions;  // the newest last; never empty
  };
  using Order = std::list<Entry>;

  Entry& entry(const Key& key);

  mutable std::mutex mutex_;
  uint64_t last_context_ = 0;
  Order order_;                             // the most recently used first
  std::map<Key, Order::iterator> entries_;  // those of one context stand together
};

}  // namespace gateway::net::tls
