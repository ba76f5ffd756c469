// What the doctor looks at: a name, a path, and the ways in to it, by a configuration or by a URL
// alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/net/address.h"
#include "gateway/route/snapshot.h"
#include "proto/base/result.h"

namespace gateway::cli::doctor {

// A listener, or the port of a URL.
struct Entrance {
  std::string listener;         // its name; empty: of a URL
  std::string address;          // that it listens at; empty: of a URL
  std::vector<uint16_t> ports;  // none is 0
  bool one_is_enough = false;   // of its ports: mode first_available
  bool tls = false;
  bool wants_proxy_header = false;

  bool is_loopback() const;
};

// The path of the WebSocket and, if that is spoken, of Socket.IO.
struct Paths {
  std::optional<std::string> websocket;  // nothing: Socket.IO's own, else "/"
  std::optional<std::string> socket_io;  // "/socket.io/"
};

struct Subject {
  std::string host;                          // "chat.example.com", "192.0.2.7", "[2001:db8::7]"
  std::optional<net::Address> address = {};  // in place of what DNS says
  std::string websocket;                     // a request target
  std::optional<std::string> socket_io = {};
  // Those that are tried first come first: with TLS, without a PROXY header.
  std::vector<Entrance> entrances = {};
  // Null: another machine's, of which only the URL is known. Views the snapshot.
  const route::Domain* domain = nullptr;
  const route::Snapshot* snapshot = nullptr;

  bool is_here() const { return domain != nullptr; }
  // The Host field of a request that comes to that port: without the scheme's own.
  std::string host_field(uint16_t port, bool tls) const;
};

// Error: no domain has that name, or a path is none. The snapshot outlives it.
[[nodiscard]] proto::Result<Subject, std::string> subject_of(const route::Snapshot& snapshot,
                                                             std::string_view name,
                                                             const Paths& paths);
// `url`: ws, wss, http or https; its path is the WebSocket's unless `paths` names one.
[[nodiscard]] proto::Result<Subject, std::string> subject_of(std::string_view url,
                                                             const Paths& paths);

}  // namespace gateway::cli::doctor
