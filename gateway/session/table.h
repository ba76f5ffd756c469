// Owns the sessions of a worker.
#pragma once

#include "gateway/net/owned_set.h"

namespace gateway::session {

class Session;
using Table = net::OwnedSet<Session>;

}  // namespace gateway::session
