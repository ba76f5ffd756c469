// One request: what has been understood of it so far.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/edge/client_facts.h"
#include "gateway/route/snapshot.h"
#include "proto/http1/head.h"
#include "proto/http1/target.h"
#include "proto/ws/handshake.h"

namespace gateway::edge {

// The carrier owns it from the first byte of a request to the end of its answer, and fills in the
// head; the judgement fills in the rest.
struct Request {
  // What is known of a client that trusted proxies stand before.
  struct Proxied {
    net::Address client;    // whom they name; its port is not known
    std::string list;       // all that they name, and the last of them: "client, proxy, peer"
    std::string_view host;  // X-Forwarded-Host; empty: none
    bool tls = false;       // X-Forwarded-Proto, else what the last of them spoke to us
  };

  bool has_head() const { return head.text != nullptr; }
  // Who asks, and whether it came over TLS: by the connection, or by what trusted proxies say.
  const net::Address& client_address() const { return proxied ? proxied->client : client.address; }
  bool client_tls() const { return proxied ? proxied->tls : client.entrance.tls; }
  // Who has told us the client's address; nothing: the client came by itself.
  std::optional<net::Address> proxy() const {
    if (proxied && !proxied->client.is_same_host(client.address)) return client.address;
    return client.proxy;
  }

  const ClientFacts& client;
  std::shared_ptr<const route::Snapshot> snapshot;  // it is judged and routed by this one alone
  std::chrono::milliseconds began;                  // its own time, and that of its answer
  uint64_t number = 1;                              // among those of its connection
  size_t head_size = 0;                             // bytes of the head that have come
  proto::http1::RequestHead head = {};
  std::unique_ptr<Proxied> proxied = {};   // by find_client(); null: no trusted proxy has sent it
  proto::http1::Target target = {};        // once find_domain has passed
  proto::ws::UpgradeRequest upgrade = {};  // once judge_upgrade has passed
  const route::Domain* domain = nullptr;   // the snapshot's; null: none was found
  const route::Route* route = nullptr;     // of the domain; null: none covers the path
};

}  // namespace gateway::edge
