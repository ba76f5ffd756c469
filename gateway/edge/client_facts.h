// What is known of a client before it asks for anything.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/metrics/counters.h"
#include "gateway/net/address.h"
#include "gateway/net/tls/tls_stream.h"

namespace gateway::edge {

// What all connections have in common that came in by one listener; outlives them.
struct Entrance {
  std::string name;
  bool tls = false;
  metrics::Listener& counters;
  // Our own end of them; nothing: the listener takes what comes to any address of this machine.
  std::optional<net::Address> address = {};
};

// Our own end of a connection that came in there; costs a system call where only the socket knows.
// A socket whose connection is lost already has none: then it is `peer`, since lines need one.
[[nodiscard]] inline net::Address own_end(const Entrance& entrance, int fd,
                                          const net::Address& peer) {
  return entrance.address ? *entrance.address : net::Address::local_of(fd).value_or(peer);
}

struct ClientFacts {
  const Entrance& entrance;
  net::Address address;               // by the PROXY header, where there was one
  std::optional<net::Address> proxy;  // who sent that header; nothing: the client came by itself
  net::Address server;                // our own end
  std::chrono::milliseconds accepted{0};  // by the loop's clock
  uint64_t number = 0;                    // among those that this worker has let in there; 0: none
  net::tls::Facts tls = {};               // views, which hold as long as the client's stream
};

}  // namespace gateway::edge
