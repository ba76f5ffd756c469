// One request: what has been understood of it so far.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "gateway/edge/client_facts.h"
#include "gateway/route/snapshot.h"
#include "proto/http1/head.h"
#include "proto/http1/target.h"
#include "proto/ws/handshake.h"

namespace gateway::edge {

// The carrier owns it from the first byte of a request to the end of its answer, and fills in the
// head; the judgement fills in the rest.
struct Request {
  bool has_head() const { return head.text != nullptr; }

  const ClientFacts& client;
  std::shared_ptr<const route::Snapshot> snapshot;  // it is judged and routed by this one alone
  std::chrono::milliseconds began;                  // its own time, and that of its answer
  size_t head_size = 0;                             // bytes of the head that have come
  proto::http1::RequestHead head = {};
  proto::http1::Target target = {};        // once find_domain has passed
  proto::ws::UpgradeRequest upgrade = {};  // once judge_upgrade has passed
  const route::Domain* domain = nullptr;   // the snapshot's; null: none was found
  const route::Route* route = nullptr;     // of the domain; null: none covers the path
};

}  // namespace gateway::edge
