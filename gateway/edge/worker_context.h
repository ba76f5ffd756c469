// What a worker lends to its listeners and to the clients that they let in; outlives them.
#pragma once

#include <functional>
#include <memory>

#include "gateway/edge/idle_clients.h"
#include "gateway/edge/lasting.h"
#include "gateway/net/admission.h"
#include "gateway/net/loop.h"
#include "gateway/net/owned_set.h"
#include "gateway/origin/journey.h"
#include "gateway/route/snapshot.h"
#include "gateway/session/session.h"

namespace gateway::edge {

class Client;

struct WorkerContext {
  net::Loop& loop;
  origin::WorkerContext origins;
  session::WorkerContext sessions;
  net::OwnedSet<Client>& clients;
  IdleClients& idle_clients;  // of them
  net::Admission& admission;
  std::shared_ptr<const route::Snapshot> snapshot;  // the current one: who comes in next pins it
  metrics::Domain* unmatched;                       // counts what no domain was found for
  usage::meter::Meter* unmatched_meter;
  Lasting& lasting;       // exchanges that are under way
  bool draining = false;  // no new sessions
  // Told of each session, before it starts.
  std::function<void(const session::Session&)> on_opened = {};
};

}  // namespace gateway::edge
