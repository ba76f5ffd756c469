// What one request has been through on its way to an origin: the log and the meters tell it, and it
// bounds what may still be tried.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/net/address.h"
#include "gateway/net/stream.h"
#include "gateway/outcome/exchange_end.h"
#include "gateway/route/pool.h"

namespace gateway::origin {

// Owned by whoever has the request (a journey, a check, a warm connection) and lent to all that
// works for it. These only add; the owner alone takes away. Its thread's.
struct Trail {
  static constexpr size_t kMaxSetbacks = 1024;  // bytes
  static constexpr size_t kMaxMisses = 16;

  uint32_t retries_left() const { return retries < most_retries ? most_retries - retries : 0; }
  bool has_tried(const net::Address& candidate) const;  // whatever its port
  void add_tried(const net::Address& candidate);

  // An address, a name or a proxy by which no connection came to be: "address: reason".
  void miss(std::string what);
  std::string all_misses() const;
  // A connection stands, or the request is given up: what was missed on the way is a setback.
  void keep_misses(const route::Server& server);
  // "10.0.0.5:8080: answered 503".
  void note(const route::Server& server, std::string_view what);
  // A plain request is asked again.
  void count_retry(outcome::RetryWhy why) { ++retried[static_cast<size_t>(why)]; }

  std::string setbacks;             // what went wrong on the way, for the log alone
  std::vector<std::string> misses;  // while a connection is being sought
  std::vector<net::Address> tried;  // of the server that is being asked
  uint32_t retries = 0;  // at other servers and addresses, those that were only connected to
                         // included; another port of one address is how a server is found, and none
  uint32_t most_retries = UINT32_MAX;
  std::array<uint16_t, outcome::kRetryWhys> retried{};  // by what made it necessary
  net::Volume moved;     // what was said to origins and heard from them, up to the end of the head
                         // that is taken
  net::Address address;  // where the last attempt went, once it has ended
  bool tls = false;      // and how
  bool was_asked = false;  // a request has gone out
  bool reused = false;     // and the last of them by a kept connection
  outcome::Sticky sticky = outcome::Sticky::none;
  std::chrono::milliseconds connect{0};  // what the connection took that the answer came by
};

}  // namespace gateway::origin
